// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "read/machine.h"
#include "read/module.h"

/* The global variable of UEFI (UEFI specification, 3.3); four bytes of attributes stand before its value. */
#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Text, without the quotes in which os-release(5) has it. */
static void take_text(struct fact *fact, const char *text)
{
	size_t length = strlen(text);
	bool quoted = length > 1 && *text == '"' && text[length - 1] == '"';

	snprintf(fact->text, sizeof(fact->text), "%.*s", (int)(length - 2 * quoted), text + quoted);
}

/* The line that begins with `key`, without it, of a file; else why not. */
static void read_line(struct fact *fact, const char *path, const char *key)
{
	FILE *file = open_system_file(path);
	size_t length = strlen(key);
	char line[512];

	if (!file) {
		snprintf(fact->why, sizeof(fact->why), "%s cannot be read: %s; %s.", path, strerror(errno),
			 errno == EACCES ? "run this as root" : "look whether what it is in is mounted");
		return;
	}
	while (!*fact->text && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, key, length))
			take_text(fact, line + length);
	}
	if (!*fact->text)
		snprintf(fact->why, sizeof(fact->why), "%s does not say it.", path);
	fclose(file);
}

/* False only if there is certainly none. */
static bool may_be_there(const char *path)
{
	FILE *file = open_system_file(path);

	if (!file)
		return errno != ENOENT;
	fclose(file);
	return true;
}

/*
 * Where securityfs is and lockdown is not, the kernel was built without it; and where there is no
 * directory to mount securityfs on, without that, too.
 */
static void read_lockdown(struct fact *fact)
{
	FILE *modules;

	read_line(fact, "/sys/kernel/security/lockdown", "");
	if (*fact->text)
		return;
	modules = open_system_file("/sys/kernel/security/lsm");
	if (modules || (!may_be_there("/sys/kernel/security") && may_be_there("/sys/kernel")))
		take_text(fact, "not built in");
	if (modules)
		fclose(modules);
}

/* Not the name of the machine, which is there, too. */
static void read_kernel(struct fact *fact)
{
	struct utsname name;

	if (!uname(&name))
		snprintf(fact->text, sizeof(fact->text), "%s %s %s", name.release, name.version, name.machine);
}

/* os-release(5): the second is there if the first is not. */
static void read_distribution(struct fact *fact)
{
	read_line(fact, "/etc/os-release", "PRETTY_NAME=");
	if (!*fact->text)
		read_line(fact, "/usr/lib/os-release", "PRETTY_NAME=");
}

static void read_secure_boot(struct fact *fact)
{
	FILE *efi = open_system_file("/sys/firmware/efi"), *file;
	unsigned char value[5];

	/* A directory can be opened for reading. */
	if (!efi) {
		take_text(fact, "not started by UEFI");
		return;
	}
	fclose(efi);
	file = open_system_file(SECURE_BOOT);
	if (!file && errno == ENOENT)
		snprintf(fact->why, sizeof(fact->why), "efivarfs does not have it, or is not mounted on /sys/firmware/efi/efivars.");
	else if (!file)
		snprintf(fact->why, sizeof(fact->why), "efivarfs may not be read; run this as root.");
	else if (fread(value, 1, sizeof(value), file) != sizeof(value))
		snprintf(fact->why, sizeof(fact->why), "efivarfs has no value of it.");
	else
		take_text(fact, value[4] ? "on" : "off");
	if (file)
		fclose(file);
}

void machine_read(struct fact facts[MACHINE_FACTS])
{
	static const struct {
		const char *name, *path;
		void (*read)(struct fact *fact);
	} sources[MACHINE_FACTS] = {
		{ "kernel", NULL, read_kernel },
		{ "distribution", NULL, read_distribution },
		{ "taint", "/proc/sys/kernel/tainted", NULL },
		{ "lockdown", NULL, read_lockdown },
		{ "Secure Boot", NULL, read_secure_boot },
		{ "kprobes enabled", "/sys/kernel/debug/kprobes/enabled", NULL },
		{ "ftrace enabled", "/proc/sys/kernel/ftrace_enabled", NULL },
	};
	size_t i;

	memset(facts, 0, MACHINE_FACTS * sizeof(*facts));
	for (i = 0; i < MACHINE_FACTS; i++) {
		facts[i].name = sources[i].name;
		if (sources[i].read)
			sources[i].read(&facts[i]);
		else
			read_line(&facts[i], sources[i].path, "");
	}
}
