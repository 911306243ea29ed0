# What an I/O without a late error takes.

function measured(row) {
	return median(row SUBSEP "unloaded")
}

function again(row,    x) {
	if (!turns[row SUBSEP "again"])
		return
	x = more(row, "again")
	x = x < 0 ? -x : x
	worst = x > worst ? x : worst
	sum += x
	count++
}

function others(row) {
	return percent(row, "hot") "\t" percent(row, "always") "\t" percent(row, "repair") "\t" \
		percent(row, "bpftrace") "\t" percent(row, "ftrace")
}

function head() {
	cells("case\tfs\tengine\tdepth\tinstructions\tagain\tdiolate\tmore\thot\ttrack=always\trepair\tbpftrace\tftrace")
	print "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
}

function line(r, engine, depth,    f) {
	split(order[r], f, SUBSEP)
	again(order[r])
	cells(sprintf("%s\t%s\t%s\t%s\t%.0f\t%s\t**%s**\t%s\t%s", what[f[4]], f[1], engine, depth, measured(order[r]),
		percent(order[r], "again"), percent(order[r], "propagate"), plus(order[r], "propagate"),
		others(order[r])))
}

END {
	n = split("read write beside cached large buffered buffered-beside mmap mmap-beside", cases)
	what["read"] = "read"
	what["write"] = "overwrite, nothing cached"
	what["beside"] = "overwrite, other pages cached"
	what["cached"] = "overwrite of cached clean pages"
	what["large"] = "overwrite of 2 MiB, nothing cached"
	what["buffered"] = "buffered write and fsync()"
	what["buffered-beside"] = "buffered write and fsync(), beside direct I/O"
	what["mmap"] = "store through mmap and msync()"
	what["mmap-beside"] = "store through mmap and msync(), beside direct I/O"
	printf "%d turns of %d I/Os a figure.\n\n", last, perturn[order[1]]
	head()
	for (c = 1; c <= n; c++)
		for (r = 1; r <= rows; r++) {
			split(order[r], f, SUBSEP)
			if (f[4] != cases[c] || f[2] == "pwrite")
				continue
			if (f[2] ~ /^(buffered|mmap)$/)
				line(r, "", "")
			else
				line(r, f[2], f[3])
		}
	if (count)
		printf "\nUnloaded a second time, the mean of these differed by %.2f %%, at most by %.2f %%.\n", sum / count, worst
	print ""
	cells("synchronous\tfs\tinstructions\tagain\tdiolate\tmore\tsync=follow\thot\ttrack=always\trepair\tbpftrace\tftrace")
	print "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
	for (c = 1; c <= n; c++)
		for (r = 1; r <= rows; r++) {
			split(order[r], f, SUBSEP)
			if (f[4] == cases[c] && f[2] == "pwrite")
				cells(sprintf("%s\t%s\t%.0f\t%s\t**%s**\t%s\t**%s**\t%s", what[f[4]], f[1],
					measured(order[r]), percent(order[r], "again"), percent(order[r], "propagate"),
					plus(order[r], "propagate"), percent(order[r], "follow"), others(order[r])))
		}
}
