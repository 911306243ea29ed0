# Lines of test/bench/run: fs engine depth case mode turn instructions=N ios=N eio=N
$6 > 0 {
	row = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4
	if (!(row in known)) {
		known[row] = 1
		order[++rows] = row
	}
	split($7, instructions, "=")
	add(row SUBSEP $5, instructions[2])
	split($8, ios, "=")
	if ($6 == 1 && $5 == "unloaded")
		perturn[row] = ios[2]
	split($9, eio, "=")
	told[row, $5] += eio[2]
	if ($6 > last)
		last = $6
}
