# By the clock. Lines of `test/bench/run NAME switch`: fs engine depth step mode turn took=US held=US without=US
# writes=DURING/WITHOUT
$6 > 0 {
	row = $4 SUBSEP $1
	if (!(row in known)) {
		known[row] = 1
		order[++rows] = row
	}
	for (i = 7; i <= 9; i++) {
		split($i, of, "=")
		add(row SUBSEP of[1], of[2] / 1000)
	}
}

function both(row, what) {
	return sprintf("%.1f\t%.1f", median(row SUBSEP what), largest(row SUBSEP what))
}

END {
	cells("switch, by the clock\tfs\tms\tat most\tlongest write\tat most\twithout a switch\tat most")
	print "|---|---|--:|--:|--:|--:|--:|--:|"
	for (r = 1; r <= rows; r++) {
		split(order[r], f, SUBSEP)
		sub(/insmod:/, "insmod ", f[1])
		cells("`" f[1] "`\t" f[2] "\t" both(order[r], "took") "\t" both(order[r], "held") "\t" \
			both(order[r], "without"))
	}
}
