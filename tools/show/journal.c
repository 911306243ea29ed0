// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): an entry is a datagram. By this process
 * and not by logger(1), which has often ended before the journal looks whose service it was.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "read/module.h"
#include "show/journal.h"
#include "show/record.h"

/* By which journalctl finds late errors, whoever wrote them; it stays. */
#define LATE_ERROR_ID "6c6a7b0a30b641a9949c3cb2732c869e"

/* In the form for values that may have newlines, as names of files may. */
static void add(FILE *entry, const char *name, const char *value)
{
	uint64_t length = htole64(strlen(value));

	fprintf(entry, "%s\n", name);
	fwrite(&length, sizeof(length), 1, entry);
	fprintf(entry, "%s\n", value);
}

/* Of the log: its name in capitals, which is all that the journal takes. */
static void add_field(FILE *entry, const char *key, const char *escaped)
{
	char name[64] = "DIOLATE_", *value = strdup(escaped);
	size_t at = strlen(name);

	for (; *key && at + 1 < sizeof(name); key++)
		name[at++] = isalnum((unsigned char)*key) ? toupper((unsigned char)*key) : '_';
	name[at] = 0;
	if (value) {
		unescape(value);
		add(entry, name, value);
	}
	free(value);
}

/* It waits for a journal that is behind. What the longest path makes of an entry is a tenth of a socket's buffer. */
static bool send_entry(const char *entry, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *path = system_path("/run/systemd/journal/socket");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = ENOMEM;
	bool sent = false;

	if (path && fd >= 0) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
		sent = sendto(fd, entry, size, MSG_NOSIGNAL, (struct sockaddr *)&address,
			      sizeof(address)) == (ssize_t)size;
		error = errno;
	} else if (fd < 0) {
		error = errno;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	errno = error;
	return sent;
}

static FILE *begin(char **text, size_t *size, int priority, const char *message)
{
	FILE *entry = open_memstream(text, size);
	char digit[2] = { '0' + priority };

	if (!entry)
		return NULL;
	add(entry, "MESSAGE", message);
	add(entry, "PRIORITY", digit);
	add(entry, "SYSLOG_IDENTIFIER", "diolate");
	return entry;
}

static bool end(FILE *entry, char **text, const size_t *size)
{
	bool sent = !fclose(entry) && send_entry(*text, *size);
	int error = errno;

	free(*text);
	errno = error;
	return sent;
}

/* What the module's own message says of it, and what became of it; to be freed. */
static char *in_words(const struct fields *fields, const struct mounts *mounts)
{
	const char *by = record_by(field_value(fields, "dirtied_by"));
	const char *reason = field_value(fields, "reason");
	char *file = record_file(fields, mounts), *text = NULL;
	char *who = record_process(field_value(fields, "comm"), field_value(fields, "pid"));
	char *dirtier = record_process(field_value(fields, "dirtied_comm"),
				       field_value(fields, "dirtied_pid"));
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fprintf(out, "%s: late error of a direct write of %s bytes at %s", record_or_dash(file),
			record_or_dash(field_value(fields, "length")),
			record_or_dash(field_value(fields, "offset")));
		if (who)
			fprintf(out, " by %s", who);
		fprintf(out, ": %s", record_or_dash(field_value(fields, "outcome")));
		if (reason)
			fprintf(out, ", because %s", reason);
		if (dirtier && by)
			fprintf(out, "; %s had dirtied the page %s", dirtier, by);
		fclose(out);
	}
	free(file);
	free(who);
	free(dirtier);
	return text;
}

/* As the module's message in the kernel log: nothing was lost of the first two. */
static int priority_of(const struct fields *fields)
{
	const char *outcome = field_value(fields, "outcome");

	return outcome && (!strcmp(outcome, "repaired") || !strcmp(outcome, "spared")) ? LOG_INFO :
											  LOG_WARNING;
}

bool journal_record(const struct fields *fields, const struct mounts *mounts)
{
	char *message = in_words(fields, mounts), *file = record_whole_name(fields, mounts), *text;
	size_t size;
	FILE *entry = begin(&text, &size, priority_of(fields), message ? message : "");

	if (entry) {
		size_t i;

		add(entry, "MESSAGE_ID", LATE_ERROR_ID);
		for (i = 0; i < fields->count; i++)
			if (strcmp(fields->field[i].value, "-"))
				add_field(entry, fields->field[i].key, fields->field[i].value);
		if (file)
			add(entry, "DIOLATE_FILE", file);
	}
	free(message);
	free(file);
	return entry && end(entry, &text, &size);
}

bool journal_say(int priority, const char *message)
{
	char *text;
	size_t size;
	FILE *entry = begin(&text, &size, priority, message);

	return entry && end(entry, &text, &size);
}
