# For the chart, `name case percent`: the mean of file systems, engines and depths.
END {
	n = split("read write beside cached", cases)
	for (c = 1; c <= n; c++) {
		count = d = 0
		for (r = 1; r <= rows; r++) {
			split(order[r], f, SUBSEP)
			if (f[4] != cases[c] || f[2] == "pwrite")
				continue
			count++
			d += more(order[r], "propagate")
		}
		printf "%s %s %.3f\n", name, cases[c], d / count
	}
}
