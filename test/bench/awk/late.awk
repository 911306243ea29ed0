# What a late error takes.

# How many of the writes failed, nothing if it was not measured.
function share(row, mode) {
	if (!turns[row SUBSEP mode])
		return ""
	return sprintf("%.0f %%", told[row, mode] / (last * perturn[row]) * 100)
}

END {
	cells("late errors, xfs\tengine\tdepth\tinstructions\tpropagate\tobserve\trepair\ttold")
	print "|---|---|--:|--:|--:|--:|--:|--:|"
	for (r = 1; r <= rows; r++) {
		split(order[r], f, SUBSEP)
		if (f[4] !~ /^late/)
			continue
		who = "one submitter"
		if (split(f[4], of, "-") > 1)
			who = of[2] (of[2] == 1 ? " thread" : " threads")
		cells(sprintf("%s\t%s\t%s\t%.0f\t%s\t%s\t%s\t%s", who, f[2], f[3], median(order[r] SUBSEP "unloaded"),
			plus(order[r], "propagate"), plus(order[r], "observe"), plus(order[r], "repair"),
			share(order[r], "propagate")))
	}
	print ""
	cells("late error\tfs\tby\tinstructions\tpropagate\tobserve\trepair\ttold, propagate\ttold, repair")
	print "|---|---|---|--:|--:|--:|--:|--:|--:|"
	for (r = 1; r <= rows; r++) {
		split(order[r], f, SUBSEP)
		if (f[4] == "stuck" || f[4] == "overtaken")
			cells(sprintf("%s\t%s\t%s\t%.0f\t%s\t%s\t%s\t%s\t%s", f[4], f[1], f[2],
				median(order[r] SUBSEP "unloaded"), plus(order[r], "propagate"),
				plus(order[r], "observe"), plus(order[r], "repair"), share(order[r], "propagate"),
				share(order[r], "repair")))
	}
}
