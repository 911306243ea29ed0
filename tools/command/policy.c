// SPDX-License-Identifier: GPL-2.0-only
/*
 * diolate policy: show it, or set it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "read/module.h"
#include "show/json.h"
#include "show/refuse.h"
#include "show/text.h"

static const char *meaning(const char *policy)
{
	if (!strcmp(policy, "propagate"))
		return "a write with a late error completes with -EIO";
	if (!strcmp(policy, "observe"))
		return "late errors are only counted and logged";
	if (!strcmp(policy, "repair"))
		return "the cache is put right, or the write completes with -EIO";
	return "not known to this version of the command";
}

static int set(const char *name)
{
	char *shown = printable(name, 0);
	int ret;

	/* The kernel would take a newline at its end, and nothing of an empty one. */
	if (strcspn(name, "\n") != strlen(name) || !*name)
		ret = -EINVAL;
	else
		ret = write_parameter("policy", name);
	switch (-ret) {
	case 0:
		break;
	case EINVAL:
		refuse("\"%s\" is not a policy, so it stays as it is; give propagate, observe or repair.",
		       shown);
		break;
	case EOPNOTSUPP:
		refuse("This kernel cannot do what the policy %s takes, so it stays as it is; use "
		       "propagate or observe, and look at dmesg | grep diolate: for why.", shown);
		break;
	case EBUSY:
		refuse("A live patch or its like has what the policy %s has to replace, so it stays as it is; "
		       "use propagate or observe.", shown);
		break;
	case EACCES:
	case EPERM:
		refuse("Only root may set the policy, so it stays as it is; run this as root.");
		break;
	default:
		refuse("The policy could not be set to %s: %s; look at dmesg | grep diolate:", shown,
		       strerror(-ret));
	}
	free(shown);
	return ret ? CANNOT_TELL : NOTHING_FOUND;
}

int policy_command(int argc, char **argv)
{
	bool json = json_alone(argc, argv);
	char *policy;

	if (argc - optind > 1)
		return refuse("diolate policy takes one name, not %d; see diolate --help.",
			      argc - optind);
	/* Says why not, if it is not loaded. */
	policy = read_parameter("policy");
	if (policy && optind < argc) {
		if (set(argv[optind])) {
			free(policy);
			return CANNOT_TELL;
		}
		free(policy);
		policy = read_parameter("policy");
	}
	if (!policy)
		return refuse("%s", why());
	if (json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "policy", json_bytes(policy));
		print_json(object);
	} else {
		char *shown = printable(policy, 0);

		printf("%s: %s\n", shown ? shown : "?", meaning(policy));
		free(shown);
	}
	free(policy);
	return NOTHING_FOUND;
}
