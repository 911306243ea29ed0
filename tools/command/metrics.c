// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate metrics: the counters in Prometheus' text format.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/command.h"
#include "read/culprits.h"
#include "read/module.h"
#include "read/parse.h"
#include "read/unseen.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/text.h"

/* One row a counter of the module; those that divide a sum share a metric and differ in a label. */
static const struct {
	const char *counter, *metric, *type, *label, *help;
} metrics[] = {
	{ "late_errors", "diolate_late_errors_total", "counter", NULL,
	  "Direct writes with a late error." },
	{ "stuck", "diolate_late_errors_by_kind_total", "counter", "kind",
	  "Late errors by kind; the sum is diolate_late_errors_total." },
	{ "overtaken", "diolate_late_errors_by_kind_total", "counter", "kind", NULL },
	{ "delivered", "diolate_late_errors_by_outcome_total", "counter", "outcome",
	  "Late errors by what became of them; with diolate_pending the sum is "
	  "diolate_late_errors_total." },
	{ "already_failed", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "observed", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "repaired", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "spared", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "sync", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "kernel_owned", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "undeliverable", "diolate_late_errors_by_outcome_total", "counter", "outcome", NULL },
	{ "pending", "diolate_pending", "gauge", NULL, "Late errors not completed yet." },
	{ "unattributed", "diolate_unattributed_total", "counter", NULL,
	  "Reports of late errors that no write was found for." },
	{ "overtaken_unknown", "diolate_overtaken_unknown_total", "counter", NULL,
	  "Direct writes of which nobody can know whether they were overtaken." },
	{ "unknown_arming", "diolate_overtaken_unknown_by_reason_total", "counter", "reason",
	  "Of these, by reason; the sum is diolate_overtaken_unknown_total." },
	{ "unknown_crowded", "diolate_overtaken_unknown_by_reason_total", "counter", "reason", NULL },
	{ "unknown_at_start", "diolate_overtaken_unknown_by_reason_total", "counter", "reason", NULL },
	{ "unknown_unseen", "diolate_overtaken_unknown_by_reason_total", "counter", "reason", NULL },
	{ "unknown_late", "diolate_overtaken_unknown_by_reason_total", "counter", "reason", NULL },
	{ "unknown_replaced", "diolate_overtaken_unknown_by_reason_total", "counter", "reason", NULL },
	{ "repeats", "diolate_repeats_total", "counter", NULL,
	  "Further reports of a write that was counted." },
	{ "log_lost", "diolate_log_lost_total", "counter", NULL,
	  "Log records overwritten before anyone read them." },
	{ "probe_missed", "diolate_probe_missed_total", "counter", NULL,
	  "Calls that the probes could not follow." },
	{ "probes_off", "diolate_probes_off", "gauge", NULL,
	  "1 while somebody has switched the probes off." },
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

static void header(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and newline are escaped, and it is UTF-8. */
static void label(FILE *out, const char *name, const char *value)
{
	bool lossy;
	char *text = valid_utf8(value, &lossy), *c;

	fprintf(out, "%s=\"", name);
	for (c = text; c && *c; c++) {
		if (*c == '\n')
			fputs("\\n", out);
		else if (*c == '\\' || *c == '"')
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
	free(text);
}

static void write_counters(FILE *out, const struct counters *counters)
{
	bool other = false;
	size_t i, j;

	for (i = 0; i < METRICS; i++) {
		/* The first row of a metric has its help, whether the module has this counter or not. */
		if (metrics[i].help)
			header(out, metrics[i].metric, metrics[i].type, metrics[i].help);
		if (!counter_is_there(counters, metrics[i].counter))
			continue;
		fputs(metrics[i].metric, out);
		if (metrics[i].label)
			fprintf(out, "{%s=\"%s\"}", metrics[i].label, metrics[i].counter);
		fprintf(out, " %" PRIu64 "\n", counter_value(counters, metrics[i].counter));
	}
	for (i = 0; i < counters->count; i++) {
		for (j = 0; j < METRICS; j++)
			if (!strcmp(metrics[j].counter, counters->counter[i].name))
				break;
		if (j < METRICS)
			continue;
		if (!other)
			header(out, "diolate_other", "gauge",
			       "Counters that this version of the command does not know.");
		other = true;
		fputs("diolate_other{", out);
		label(out, "name", counters->counter[i].name);
		fprintf(out, "} %" PRIu64 "\n", counters->counter[i].value);
	}
}

static void write_sites(FILE *out, const struct sites *sites)
{
	size_t i;

	header(out, "diolate_probe_armed", "gauge", "1 if this probe is at work.");
	for (i = 0; i < sites->count; i++) {
		fputs("diolate_probe_armed{", out);
		label(out, "symbol", sites->site[i].symbol);
		fputc(',', out);
		label(out, "state", sites->site[i].state);
		fprintf(out, "} %d\n", !strcmp(sites->site[i].state, "armed"));
	}
}

static void write_load_time(FILE *out)
{
	char *version = read_debugfs("version"), text[64];
	struct timespec time;

	if (version_value(version, "loaded", text, sizeof(text)) && parse_log_time(text, &time)) {
		header(out, "diolate_load_time_seconds", "gauge",
		       "When the module was loaded, in seconds since 1970; the counters began then.");
		fprintf(out, "diolate_load_time_seconds %lld\n", (long long)time.tv_sec);
	}
	free(version);
}

static void write_unseen(FILE *out, const struct counters *counters, const struct sites *sites)
{
	char *version = read_debugfs("version"), layout[32];
	bool says = version_value(version, "layout", layout, sizeof(layout));
	enum unseen unseen;

	header(out, "diolate_unseen", "gauge",
	       "How much there is for which late errors may go unseen, or may have since load; 0 is none.");
	for (unseen = 0; unseen < UNSEENS; unseen++)
		fprintf(out, "diolate_unseen{what=\"%s\"} %" PRIu64 "\n", unseen_names[unseen],
			unseen_count(unseen, counters, sites, says ? layout : NULL));
	free(version);
}

/*
 * Names of processes are for anyone to choose, and reach people through alerts. Those of plain text stay as they are;
 * of others all is escaped that is not, so that no two become the same.
 */
static void label_name(FILE *out, const char *name, const char *escaped)
{
	char *bytes = strdup(escaped), *text = NULL;
	bool lossy = false;

	if (bytes) {
		char *shown;

		unescape(bytes);
		shown = printable(bytes, 0);
		text = valid_utf8(bytes, &lossy);
		if (!shown || lossy || strcmp(shown, bytes) || strchr(bytes, '\\')) {
			free(text);
			text = escape(bytes);
		}
		free(shown);
	}
	label(out, name, text ? text : "");
	free(text);
	free(bytes);
}

/* Names are "" where `by` says that there is none. */
static void write_culprit(FILE *out, const char *comm, const char *by, const char *submitter, uint64_t value)
{
	fputs("diolate_log_late_errors{", out);
	label_name(out, "dirtied_comm", comm);
	fputc(',', out);
	label(out, "dirtied_by", by);
	fputc(',', out);
	label_name(out, "comm", submitter);
	fprintf(out, "} %" PRIu64 "\n", value);
}

/* As many series at the most, whatever processes are called; and two for all others. */
#define MAX_CULPRITS 10

static bool write_culprits(FILE *out)
{
	struct culprits culprits;
	bool readable = culprits_read(&culprits, CULPRITS_BY_NAMES, 0);
	uint64_t rest = 0;
	size_t i, written = 0;

	if (readable)
		header(out, "diolate_log_late_errors", "gauge",
		       "Late errors that are in the log now, by who had dirtied the page, how, and who wrote "
		       "directly; the most frequent.");
	for (i = 0; readable && i < culprits.count; i++) {
		const struct culprit *culprit = &culprits.culprit[i];

		if (!culprit_is_known(culprit))
			write_culprit(out, "", "unknown", "", culprit->late_errors);
		else if (written++ < MAX_CULPRITS)
			write_culprit(out, record_or_dash(culprit->comm), culprit->by,
				      record_or_dash(culprit->submitter), culprit->late_errors);
		else
			rest += culprit->late_errors;
	}
	if (rest)
		write_culprit(out, "", "rest", "", rest);
	culprits_free(&culprits);
	return readable;
}

static void write_info(FILE *out)
{
	char *text = read_debugfs("version"), *rest = text, *line;
	char *policy = read_parameter("policy");

	header(out, "diolate_info", "gauge", "Always 1; the module's version and policy.");
	fputs("diolate_info{", out);
	label(out, "policy", policy ? policy : "");
	while ((line = next_line(&rest))) {
		char *value = strchr(line, ' ');

		/* Names of labels are letters; a line of another form is left out. */
		/* Nor one that is another each time, of which all else would become another series. */
		if (!value || !strncmp(line, "loaded ", 7) ||
		    strspn(line, "abcdefghijklmnopqrstuvwxyz") != (size_t)(value - line))
			continue;
		*value = 0;
		fputc(',', out);
		label(out, line, value + 1);
	}
	fputs("} 1\n", out);
	free(policy);
	free(text);
}

/* Whether nothing was left out. A file that says so is better than an old one that stays. */
static bool write_all(FILE *out)
{
	struct counters counters;
	struct sites sites;
	bool loaded = module_is_loaded(), readable, whole;

	readable = read_counters(&counters) && read_sites(&sites);
	whole = readable;
	header(out, "diolate_loaded", "gauge", "1 if the module is loaded.");
	fprintf(out, "diolate_loaded %d\n", loaded);
	header(out, "diolate_readable", "gauge", "1 if the module's counters could be read.");
	fprintf(out, "diolate_readable %d\n", readable);
	if (readable) {
		write_info(out);
		write_load_time(out);
		write_counters(out, &counters);
		write_sites(out, &sites);
		write_unseen(out, &counters, &sites);
		whole = write_culprits(out);
	}
	/* Not loaded is an answer, and the file has it. */
	return whole || !loaded;
}

/* The name of a new file beside `file`; the textfile collector reads *.prom only. To be freed. */
static char *name_beside(const char *file)
{
	char *copy = strdup(file), *other = strdup(file), *name = NULL;

	if (copy && other &&
	    asprintf(&name, "%s/.%s.XXXXXX", dirname(copy), basename(other)) < 0)
		name = NULL;
	free(copy);
	free(other);
	return name;
}

/*
 * The name that is to be replaced, behind links, which stay. To be freed; NULL with errno, which is EEXIST if what has
 * it is none to be replaced by a file: a device, whose name would be a file's afterwards; or a link that leads to no
 * name, as /dev/stdout does into a pipe.
 */
static char *name_replaced(const char *file)
{
	char *name = realpath(file, NULL);
	struct stat st;

	if (name && !lstat(name, &st) && S_ISREG(st.st_mode))
		return name;
	if (!name && lstat(file, &st))
		/* Nothing is there yet. */
		return errno == ENOENT ? strdup(file) : NULL;
	free(name);
	errno = EEXIST;
	return NULL;
}

/* Written whole under another name and then renamed: who reads it sees the old or the new. */
static int write_file(const char *file)
{
	char *replaced = name_replaced(file), *new = replaced ? name_beside(replaced) : NULL;
	int fd = new ? mkostemp(new, 0) : -1, ret = NOTHING_FOUND;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool whole = false, written;

	if (!replaced && errno == EEXIST)
		return refuse_word(file, "is no file that could be replaced by another; give the name of one, or no "
				   "--output.");
	if (!out) {
		ret = refuse_word(file, "cannot be written: %s; it stays as it is.", strerror(errno));
		goto out;
	}
	whole = write_all(out);
	/* For the collector, which is not root. */
	written = !fflush(out) && !ferror(out) && !fchmod(fd, 0644);
	if (fclose(out) || !written || rename(new, replaced)) {
		ret = refuse_word(file, "cannot be written: %s; it stays as it is.", strerror(errno));
		unlink(new);
		goto out;
	}
	if (!whole)
		ret = refuse("%s", why());
out:
	free(new);
	free(replaced);
	return ret;
}

int metrics_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		{ "output", required_argument, NULL, 'o' },
		{ 0 },
	};
	const char *output = NULL;
	int answer;

	while ((answer = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (answer == 'o')
			output = optarg;
		else
			option_refused(argv, answer);
	}
	no_arguments(argc, argv);
	if (output)
		return write_file(output);
	return write_all(stdout) ? NOTHING_FOUND : refuse("%s", why());
}
