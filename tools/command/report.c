// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate report: what belongs to a report of a problem, in one text, and first what is in it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command/command.h"
#include "read/kmsg.h"
#include "read/machine.h"
#include "read/module.h"
#include "read/parse.h"
#include "show/anonymous.h"
#include "show/record.h"
#include "show/refuse.h"
#include "show/text.h"

#define MAX_MISSING 32

/* What is missing for one reason: names of parts, or of what is in them. */
struct missing {
	char *what, *reason;
};

static const struct {
	const char *name, *what;
} parts[] = {
	{ "versions", "of this command and of the module" },
	{ "machine", "kernel, distribution, taint, lockdown, Secure Boot, whether probes are on" },
	{ "parameters", "of the module, with its policy" },
	{ "counters", "of the module" },
	{ "sites", "the kernel's functions that are followed, or not" },
	{ "layout", "how the module knows the kernel's structures" },
	{ "log", "late errors: times, names and numbers of processes, users, devices, inodes, sizes" },
	{ "files", "the files with late errors, and how many" },
	{ "mounts", "types and options of the file systems of these files" },
	{ "kernel log", "the kernel's message of late errors, and lines of the module" },
};

enum { VERSIONS, MACHINE, PARAMETERS, COUNTERS, SITES, LAYOUT, LOG, FILES, MOUNTS, KERNEL_LOG, PARTS };

struct report {
	char *text[PARTS];
	size_t count;
	struct missing missing[MAX_MISSING];
	struct anonymous anonymous;
	struct mounts mounts;
	/* As the module has them; NULL if they cannot be read. */
	char *log, *files;
	bool no_memory;
};

static struct missing *missing_for(struct report *report, const char *reason)
{
	struct missing *new;
	size_t i;

	for (i = 0; i < report->count; i++)
		if (report->missing[i].reason && !strcmp(report->missing[i].reason, reason))
			return &report->missing[i];
	/* The last one is for all that come then. */
	if (report->count == MAX_MISSING)
		return &report->missing[MAX_MISSING - 1];
	new = &report->missing[report->count++];
	new->what = strdup("");
	new->reason = strdup(reason);
	return new->what && new->reason ? new : NULL;
}

static void miss(struct report *report, const char *what, const char *reason)
{
	struct missing *missing = missing_for(report, reason);
	char *longer;

	if (!missing || asprintf(&longer, "%s%s%s", missing->what, *missing->what ? ", " : "", what) < 0) {
		report->no_memory = true;
		return;
	}
	free(missing->what);
	missing->what = longer;
}

static void put_line(FILE *out, const char *line)
{
	char *shown = printable(line, 0);

	fprintf(out, "%s\n", shown ? shown : "?");
	free(shown);
}

static void put_lines(FILE *out, char *text)
{
	char *line;

	while ((line = next_line(&text)))
		put_line(out, line);
}

static void add_debugfs(struct report *report, int number, const char *name, FILE *out)
{
	char *text = read_debugfs(name);

	if (!text)
		miss(report, parts[number].name, why());
	else
		put_lines(out, text);
	free(text);
}

static void add_versions(struct report *report, FILE *out)
{
	fprintf(out, "diolate " DIOLATE_VERSION "\n");
	add_debugfs(report, VERSIONS, "version", out);
}

static void add_machine(struct report *report, FILE *out)
{
	struct fact facts[MACHINE_FACTS];
	size_t i;

	machine_read(facts);
	for (i = 0; i < MACHINE_FACTS; i++) {
		char *shown = printable(*facts[i].text ? facts[i].text : "?", 0);

		fprintf(out, "%-16s  %s\n", facts[i].name, shown ? shown : "?");
		free(shown);
		if (!*facts[i].text)
			miss(report, facts[i].name, facts[i].why);
	}
}

static int is_name(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static void add_parameters(struct report *report, FILE *out)
{
	char *path = system_path("/sys/module/diolate/parameters");
	struct dirent **names;
	int n = path ? scandir(path, &names, is_name, alphasort) : -1, i;

	free(path);
	if (n < 0) {
		/* This says why. */
		free(read_parameter("policy"));
		miss(report, parts[PARAMETERS].name, why());
		return;
	}
	for (i = 0; i < n; i++) {
		char *value = read_parameter(names[i]->d_name);
		char *shown = value ? printable(value, 0) : NULL;

		if (value)
			fprintf(out, "%s=%s\n", names[i]->d_name, shown ? shown : "?");
		else
			miss(report, names[i]->d_name, why());
		free(shown);
		free(value);
		free(names[i]);
	}
	free(names);
}

/* Lines of the log, or of files; `text` is left as it is. */
static void add_records(struct report *report, const char *text, FILE *out)
{
	char *copy = text ? strdup(text) : NULL, *rest = copy, *line;

	while (copy && (line = next_line(&rest)))
		anonymous_record(&report->anonymous, line, out);
	free(copy);
}

static const struct mount *mount_of(const struct mounts *mounts, unsigned int major, unsigned int minor)
{
	size_t i;

	for (i = 0; i < mounts->count; i++)
		if (mounts->mount[i].major == major && mounts->mount[i].minor == minor)
			return &mounts->mount[i];
	return NULL;
}

static void put_mount(struct report *report, const struct fields *fields, unsigned int major, unsigned int minor,
		      FILE *out)
{
	const struct mount *mount = mount_of(&report->mounts, major, minor);
	const char *type = mount ? mount->type : field_value(fields, "fstype");
	char *shown = printable(type ? type : "?", 0);

	fprintf(out, "%u:%u %s ", major, minor, shown ? shown : "?");
	if (mount)
		anonymous_options(&report->anonymous, mount->options, out);
	else
		fputs("(not mounted here)", out);
	fputc('\n', out);
	free(shown);
}

/* Each device of the log and of files once. */
static void add_mounts(struct report *report, FILE *out)
{
	const char *const texts[] = { report->log, report->files };
	char *seen = NULL;
	size_t size, i;
	FILE *devices = open_memstream(&seen, &size);

	for (i = 0; devices && i < 2; i++) {
		char *copy = texts[i] ? strdup(texts[i]) : NULL, *rest = copy, *line, key[32];
		unsigned int major, minor;
		struct fields fields;

		while (copy && (line = next_line(&rest))) {
			if (!parse_fields(line, &fields) || !field_device(&fields, &major, &minor))
				continue;
			snprintf(key, sizeof(key), " %u:%u ", major, minor);
			fflush(devices);
			if (strstr(seen, key))
				continue;
			fputs(key, devices);
			put_mount(report, &fields, major, minor, out);
		}
		free(copy);
	}
	if (devices)
		fclose(devices);
	free(seen);
}

struct kernel_log {
	struct report *report;
	FILE *out;
};

static void take_line(unsigned long long us, const char *text, void *data)
{
	struct kernel_log *log = data;

	if (!kmsg_is_ours(text))
		return;
	fprintf(log->out, "[%5llu.%06llu] ", us / 1000000, us % 1000000);
	anonymous_kmsg(&log->report->anonymous, text, log->out);
}

static void add_kernel_log(struct report *report, FILE *out)
{
	struct kernel_log log = { report, out };
	int ret = kmsg_each(take_line, &log);
	char *reason;

	if (!ret || asprintf(&reason, "/dev/kmsg cannot be read: %s.", strerror(-ret)) < 0)
		return;
	miss(report, parts[KERNEL_LOG].name, reason);
	free(reason);
}

static void add_part(struct report *report, int number, FILE *out)
{
	switch (number) {
	case VERSIONS:
		add_versions(report, out);
		break;
	case MACHINE:
		add_machine(report, out);
		break;
	case PARAMETERS:
		add_parameters(report, out);
		break;
	case LOG:
		add_records(report, report->log, out);
		break;
	case FILES:
		add_records(report, report->files, out);
		break;
	case MOUNTS:
		add_mounts(report, out);
		break;
	case KERNEL_LOG:
		add_kernel_log(report, out);
		break;
	default:
		/* The others have the names of the module's files. */
		add_debugfs(report, number, parts[number].name, out);
	}
}

static void gather(struct report *report)
{
	int i;

	report->mounts = current_mounts();
	report->anonymous.mounts = &report->mounts;
	report->log = read_debugfs("log");
	if (!report->log)
		miss(report, "log", why());
	report->files = read_debugfs("files");
	if (!report->files)
		miss(report, "files", why());
	/* Of which file systems there is something to say. */
	if (!report->log || !report->files)
		miss(report, parts[MOUNTS].name, why());
	for (i = 0; i < PARTS; i++) {
		size_t size;
		FILE *out = open_memstream(&report->text[i], &size);

		if (out)
			add_part(report, i, out);
		report->no_memory |= !out || fclose(out);
	}
	if (report->no_memory)
		miss(report, "all", "There is no memory left.");
}

static void report_free(struct report *report)
{
	int i;

	for (i = 0; i < PARTS; i++)
		free(report->text[i]);
	while (report->count) {
		free(report->missing[--report->count].what);
		free(report->missing[report->count].reason);
	}
	anonymous_free(&report->anonymous);
	mounts_free(&report->mounts);
	free(report->log);
	free(report->files);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

/* What is in it, so that a person can decide whether to send it. */
static void print_contents(const struct report *report, FILE *out)
{
	const struct missing *missing;
	time_t now = time(NULL);
	char date[32];
	struct tm tm;
	int i;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	fprintf(out, "Report of diolate, %s. Read it before you send it. In it are:\n", date);
	for (i = 0; i < PARTS; i++)
		fprintf(out, "  %-10s  %3zu lines: %s\n", parts[i].name, lines_of(report->text[i]), parts[i].what);
	fputs(report->anonymous.names ?
	      "Names of files are in it; without --names they would be replaced.\n" :
	      "Names of files are replaced, each by its file-N; names of processes are not.\n", out);
	for (missing = report->missing; missing < report->missing + report->count; missing++)
		fprintf(out, "Missing: %s. %s\n", missing->what ? missing->what : "?",
			missing->reason ? missing->reason : "There is no memory left.");
}

static void print_parts(const struct report *report, FILE *out)
{
	int i;

	for (i = 0; i < PARTS; i++)
		fprintf(out, "\n== %s ==\n%s", parts[i].name, report->text[i] ? report->text[i] : "");
}

/* For nobody else, as what it is made of; and in no other's place. */
static int write_report(const struct report *report, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool written;

	if (!out && errno == EEXIST)
		return refuse_word(name, "is there already, and stays as it is; give another name.");
	if (!out)
		return refuse_word(name, "cannot be written: %s; give another name.", strerror(errno));
	print_contents(report, out);
	print_parts(report, out);
	written = !fflush(out) && !ferror(out);
	if (fclose(out) || !written) {
		unlink(name);
		return refuse_word(name, "cannot be written: %s; give another name.", strerror(errno));
	}
	return NOTHING_FOUND;
}

int report_command(int argc, char **argv)
{
	static const struct option options[] = {
		HELP_OPTION,
		{ "output", required_argument, NULL, 'o' },
		{ "names", no_argument, NULL, 'n' },
		{ 0 },
	};
	struct report report = { 0 };
	const char *output = NULL;
	int answer, ret = NOTHING_FOUND;

	while ((answer = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (answer == 'o')
			output = optarg;
		else if (answer == 'n')
			report.anonymous.names = true;
		else
			option_refused(argv, answer);
	}
	no_arguments(argc, argv);
	gather(&report);
	if (output)
		ret = write_report(&report, output);
	if (!ret)
		print_contents(&report, stdout);
	if (!ret && !output)
		print_parts(&report, stdout);
	if (!ret && report.count)
		ret = refuse("Parts of the report could not be read; it names them, and why.");
	report_free(&report);
	return ret;
}
