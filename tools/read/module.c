// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's files, and why they cannot be read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "read/module.h"

#define MODULE "/sys/module/diolate"
#define DEBUGFS "/sys/kernel/debug"

static char *reason;

const char *why(void)
{
	return reason ? reason : "There is no memory left.";
}

__attribute__((format(printf, 1, 2))) static void because(const char *format, ...)
{
	va_list args;

	free(reason);
	va_start(args, format);
	if (vasprintf(&reason, format, args) < 0)
		reason = NULL;
	va_end(args);
}

char *system_path(const char *path)
{
	const char *root = "";
	char *full;

#ifdef DIOLATE_TEST
	root = getenv("DIOLATE_TEST_ROOT");
	if (!root)
		root = "";
#endif
	return asprintf(&full, "%s%s", root, path) < 0 ? NULL : full;
}

FILE *open_system_file(const char *path)
{
	char *full = system_path(path);
	FILE *file = full ? fopen(full, "re") : NULL;
	int error = errno;

	free(full);
	errno = error;
	return file;
}

static bool exists(const char *path)
{
	char *full = system_path(path);
	bool there = full && !access(full, F_OK);

	free(full);
	return there;
}

bool module_is_loaded(void)
{
	return exists(MODULE);
}

uint64_t module_number(void)
{
	char *path = system_path(MODULE);
	struct stat st = { 0 };

	if (!path || stat(path, &st))
		st.st_ino = 0;
	free(path);
	return st.st_ino;
}

static bool debugfs_is_mounted(void)
{
	char *path = system_path(DEBUGFS);
	struct statfs fs;
	bool mounted = path && !statfs(path, &fs) && fs.f_type == DEBUGFS_MAGIC;

	free(path);
	return mounted;
}

/* Why a file of the module could not be read, error says; each with its remedy. */
static void explain(const char *path, int error)
{
	if (!module_is_loaded())
		because("The module diolate is not loaded, so nothing is watched; load it with: "
			"modprobe diolate policy=observe (diolate who and diolate check work without it)");
	else if (error == EACCES)
		because("Only root may read %s; run this as root.", path);
	else if (error == EPERM)
		because("The kernel refuses to show %s, even to root: it is locked down "
			"(/sys/kernel/security/lockdown); only lockdown=integrity or none shows it.",
			path);
	else if (error == ENOENT && !debugfs_is_mounted())
		because("debugfs is not mounted, and the module is seen through it; mount it with: "
			"mount -t debugfs debugfs " DEBUGFS);
	else if (error == ENOENT)
		because("%s is not there: this version of the module does not have it, or the kernel "
			"was started with debugfs=off; look at dmesg | grep diolate:", path);
	else
		because("%s cannot be read: %s; try again.", path, strerror(error));
}

static char *read_all(const char *path)
{
	FILE *file = open_system_file(path);
	char *text = NULL;
	size_t size = 0;

	if (!file) {
		explain(path, errno);
		return NULL;
	}
	errno = 0;
	/* To the first NUL, and there is none. An empty file is text, too. */
	if (getdelim(&text, &size, 0, file) < 0) {
		free(text);
		text = NULL;
		/* Neither the end nor an error of the file: there is no memory for it. */
		if (feof(file))
			text = strdup("");
		else
			explain(path, errno);
	}
	fclose(file);
	return text;
}

char *read_debugfs(const char *name)
{
	char path[sizeof(DEBUGFS) + 64];

	snprintf(path, sizeof(path), DEBUGFS "/diolate/%s", name);
	return read_all(path);
}

char *read_parameter(const char *name)
{
	char path[sizeof(MODULE) + 64];
	char *text;

	snprintf(path, sizeof(path), MODULE "/parameters/%s", name);
	text = read_all(path);
	if (text)
		text[strcspn(text, "\n")] = 0;
	return text;
}

int write_parameter(const char *name, const char *value)
{
	char path[sizeof(MODULE) + 64];
	char *full;
	int fd, ret = 0;

	snprintf(path, sizeof(path), MODULE "/parameters/%s", name);
	full = system_path(path);
	if (!full)
		return -ENOMEM;
	fd = open(full, O_WRONLY | O_CLOEXEC);
	free(full);
	if (fd < 0)
		return -errno;
	/* In one piece, or the kernel would take the parts for values. */
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

bool read_counters(struct counters *counters)
{
	char *text = read_debugfs("counters"), *rest = text, *line;

	counters->count = 0;
	if (!text)
		return false;
	while ((line = next_line(&rest)))
		parse_counter(line, counters);
	free(text);
	if (!counter_is_there(counters, "late_errors")) {
		because("The module's counters have no late_errors; this command and the module are of "
			"versions that do not fit: install both from one release.");
		return false;
	}
	return true;
}

bool read_sites(struct sites *sites)
{
	char *text = read_debugfs("sites"), *rest = text, *line;

	sites->count = 0;
	if (!text)
		return false;
	while ((line = next_line(&rest)))
		parse_site(line, sites);
	free(text);
	return true;
}
