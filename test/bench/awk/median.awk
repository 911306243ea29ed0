# The median of the turns, but for the first, number 0, which warms up. Read before the other files.

function add(key, value) {
	turns[key]++
	figures[key, turns[key]] = value
}

# Sorts the figures of a key.
function median(key,    n, i, j, t) {
	n = turns[key]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && figures[key, j] < figures[key, j - 1]; j--) {
			t = figures[key, j]
			figures[key, j] = figures[key, j - 1]
			figures[key, j - 1] = t
		}
	return n % 2 ? figures[key, (n + 1) / 2] : (figures[key, n / 2] + figures[key, n / 2 + 1]) / 2
}

function largest(key) {
	median(key)
	return figures[key, turns[key]]
}

# By how much more of a row there is in a mode than unloaded, in percent.
function more(row, mode) {
	return (median(row SUBSEP mode) / median(row SUBSEP "unloaded") - 1) * 100
}

# The same to print; nothing if it was not measured.
function percent(row, mode,    x) {
	if (!turns[row SUBSEP mode])
		return ""
	x = sprintf("%.2f", more(row, mode))
	return x + 0 ? sprintf("%+.2f", x) : "0.00"
}

# The difference to print; nothing if it was not measured.
function plus(row, mode) {
	if (!turns[row SUBSEP mode])
		return ""
	return sprintf("%+.0f", median(row SUBSEP mode) - median(row SUBSEP "unloaded"))
}

# A row of a table.
function cells(list,    n, i, of, line) {
	n = split(list, of, "\t")
	line = "|"
	for (i = 1; i <= n; i++)
		line = line " " of[i] (of[i] == "" ? "|" : " |")
	print line
}
