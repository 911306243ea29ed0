// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameters that several files read.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "model/params.h"

enum diolate_policy diolate_params_policy = DIOLATE_PROPAGATE;
bool diolate_params_follows;

/**
 * diolate_params_shown() - how many characters of a refused value are shown
 * @val: the text that was written to a parameter
 *
 * Context: any.
 * Return: the number of characters: up to the newline of echo, and 32 at most.
 */
int diolate_params_shown(const char *val)
{
	return min_t(size_t, strcspn(val, "\n"), 32);
}

/* A parameter with bounds. Text that is no number is refused with the same sentence. */
struct number {
	const char *name;
	unsigned int *value;
	unsigned int least, most;
};

static int params_number_set(const char *val, const struct kernel_param *kp)
{
	const struct number *number = kp->arg;
	unsigned int n;

	if (kstrtouint(val, 10, &n) || n < number->least || n > number->most) {
		pr_err("%s=%.*s refused: it must be a number from %u to %u\n", number->name,
		       diolate_params_shown(val), val, number->least, number->most);
		return -EINVAL;
	}
	WRITE_ONCE(*number->value, n);
	return 0;
}

static int params_number_get(char *buffer, const struct kernel_param *kp)
{
	const struct number *number = kp->arg;

	return sysfs_emit(buffer, "%u\n", *number->value);
}

static const struct kernel_param_ops number_ops = {
	.set = params_number_set,
	.get = params_number_get,
};

unsigned int diolate_params_maxactive = 1024;
static const struct number maxactive = { "maxactive", &diolate_params_maxactive, 1, 16384 };
module_param_cb(maxactive, &number_ops, (void *)&maxactive, 0444);
MODULE_PARM_DESC(maxactive, "calls of one function followed at a time, and eight times as many tasks, 1 to 16384 (default 1024)");

unsigned int diolate_params_log_size = 1024;
static const struct number log_size = { "log_size", &diolate_params_log_size, 16, 65536 };
module_param_cb(log_size, &number_ops, (void *)&log_size, 0444);
MODULE_PARM_DESC(log_size, "records the log keeps, 16 to 65536 (default 1024)");

unsigned int diolate_params_repair_ms = 100;
static const struct number repair_ms = { "repair_ms", &diolate_params_repair_ms, 0, 10000 };
module_param_cb(repair_ms, &number_ops, (void *)&repair_ms, 0644);
MODULE_PARM_DESC(repair_ms, "how long a late write may be held up to be put right, or looked at, ms, 0 to 10000 (default 100)");

/*
 * As bool_ops of the kernel, but with a sentence, and of whole words: kstrtobool() looks at one
 * letter.
 */
static int params_flag_set(const char *val, const struct kernel_param *kp)
{
	static const char *const words[] = { "Y", "N", "y", "n", "1", "0", "on", "off" };
	size_t i;

	for (i = 0; val && i < ARRAY_SIZE(words); i++)
		if (sysfs_streq(val, words[i]))
			break;
	if (i < ARRAY_SIZE(words) && !param_set_bool(val, kp))
		return 0;
	pr_err("%s=%.*s refused: it must be Y or N\n", kp->name, diolate_params_shown(val), val);
	return -EINVAL;
}

static const struct kernel_param_ops flag_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = params_flag_set,
	.get = param_get_bool,
};

bool diolate_params_kernel_log = true;
module_param_cb(kernel_log, &flag_ops, &diolate_params_kernel_log, 0644);
MODULE_PARM_DESC(kernel_log, "whether late errors are said in the kernel log, once a file and hour (default Y)");

bool diolate_params_untested;
module_param_cb(untested, &flag_ops, &diolate_params_untested, 0444);
MODULE_PARM_DESC(untested, "whether results may be changed on a kernel that nobody has tested and that does not describe itself (default N)");
