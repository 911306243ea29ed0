# By the clock. Lines of `test/bench/run NAME fio`: fs engine depth rw mode turn iops=N
$6 > 0 {
	row = $1 SUBSEP $2 SUBSEP $4
	if (!(row in known)) {
		known[row] = 1
		order[++rows] = row
	}
	split($7, iops, "=")
	add(row SUBSEP $5, iops[2])
}

function spread(key,    m) {
	m = median(key)
	return sprintf("%+.1f to %+.1f", (figures[key, 1] / m - 1) * 100, (figures[key, turns[key]] / m - 1) * 100)
}

END {
	cells("fio, by the clock\tengine\tfs\tI/Os a second\ttheir spread\tdiolate\tits spread")
	print "|---|---|---|--:|---|--:|---|"
	for (r = 1; r <= rows; r++) {
		split(order[r], f, SUBSEP)
		cells(sprintf("%s\t%s\t%s\t%.0f\t%s\t%+.1f\t%s", f[3], f[2], f[1], median(order[r] SUBSEP "unloaded"),
			spread(order[r] SUBSEP "unloaded"), more(order[r], "propagate"),
			spread(order[r] SUBSEP "propagate")))
	}
}
