// SPDX-License-Identifier: GPL-2.0-only
/*
 * A late error is said in the kernel's log, once a file and hour: which file, who wrote it, who had
 * dirtied the page, and what has come of it. A handler only leaves what is to be said here; a
 * worker prints it.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "model/params.h"
#include "report/message.h"
#include "report/record.h"

/* A file is said once in so many seconds, and no more than MOST messages are. */
#define HOUR 3600
#define MOST 30

/* So many may wait for the worker at a time. */
#define MESSAGES MOST

/*
 * Which files were said, and in which second. A file is in one of REACH words, from that of its
 * hash on; if there is none for it, the one that was said first makes room.
 */
#define FILES_BITS 9
#define REACH 8
static u64 said[1 << FILES_BITS];

/**
 * struct message - something to say
 * @state:   FREE, BUSY while a handler writes it, READY for the worker
 * @outcome: what has come of the late error
 * @record:  the late error
 */
static struct message {
	enum { FREE, BUSY, READY } state;
	enum diolate_outcome outcome;
	struct diolate_record record;
} messages[MESSAGES];

static void message_work(struct work_struct *work);
static DECLARE_WORK(printing, message_work);

static const char *const outcomes[] = {
	[DIOLATE_WAS_SYNC] = "nobody was told, as it was synchronous",
	[DIOLATE_KERNEL_OWNED] = "nobody was told, as the write is the kernel's own",
	[DIOLATE_UNDELIVERABLE] = "nobody could be told",
	[DIOLATE_OBSERVED] = "nobody was told, as the policy is observe",
	[DIOLATE_ALREADY_FAILED] = "the write had failed anyway",
	[DIOLATE_REPAIRED] = "that was put right, nothing is lost",
	[DIOLATE_DELIVERED] = "the writer was told",
};

static const char *const ways[] = {
	[DIOLATE_BY_MMAP] = "through mmap",
	[DIOLATE_BY_WRITE] = "by a write",
	[DIOLATE_BY_GUP] = "by a call that stores into mapped memory",
	[DIOLATE_BY_KERNEL] = "as a thread of the kernel that writes to the file",
};

/* In half a word, and not 0: of what is repaired another message tells than of what is not. */
static u64 message_key(const struct diolate_record *r, enum diolate_outcome outcome)
{
	const struct diolate_file *file = &r->file;

	return hash_64(file->ino ^ (u64)file->dev << 32 ^ (u64)file->gen << 12, 30) << 2 |
	       (outcome == DIOLATE_REPAIRED ? 2 : 1);
}
NOKPROBE_SYMBOL(message_key);

/* How many seconds ago the file of a word was said; of a free word, longer than any. */
static u32 message_age(u64 word, u32 now)
{
	s32 age = now - (u32)word;

	/* The clock may be a second behind itself on another processor. */
	return word ? max(age, 0) : U32_MAX;
}
NOKPROBE_SYMBOL(message_age);

/* The word of a file, or else a free one, or that of the file said first; @old is what is there. */
static u64 *message_word_of(u64 key, u32 now, u64 *old)
{
	unsigned int first = hash_64(key, FILES_BITS), i;
	u64 *oldest = NULL;

	for (i = 0; i < REACH; i++) {
		u64 *word = &said[(first + i) % ARRAY_SIZE(said)], found = READ_ONCE(*word);

		if (found >> 32 == key) {
			*old = found;
			return word;
		}
		if (!oldest || message_age(found, now) > message_age(*old, now)) {
			*old = found;
			oldest = word;
		}
	}
	return oldest;
}
NOKPROBE_SYMBOL(message_word_of);

/* Whether the caller is the one to say it; @word and @mine are set to what says that it did. */
static bool message_is_due(u64 key, u64 **word, u64 *mine)
{
	u32 now = ktime_get_mono_fast_ns() / NSEC_PER_SEC + 1;
	unsigned int i;
	u64 old;

	*mine = key << 32 | now;
	for (i = 0; i < REACH; i++) {
		*word = message_word_of(key, now, &old);
		if (old >> 32 == key && message_age(old, now) < HOUR)
			return false;
		if (cmpxchg(*word, old, *mine) == old)
			return true;
	}
	return false;
}
NOKPROBE_SYMBOL(message_is_due);

static struct message *message_claim(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(messages); i++)
		/* Paired with the release in message_work(). */
		if (READ_ONCE(messages[i].state) == FREE &&
		    cmpxchg(&messages[i].state, FREE, BUSY) == FREE)
			return &messages[i];
	return NULL;
}
NOKPROBE_SYMBOL(message_claim);

/**
 * diolate_message_call() - have a late error said in the kernel's log, if it is due
 * @r:       the late error
 * @outcome: what has come of it
 *
 * A write that was spared has lost nothing, and nobody did anything about it: the log has it.
 *
 * Context: any, also inside a probe handler.
 */
void diolate_message_call(const struct diolate_record *r, enum diolate_outcome outcome)
{
	struct message *message;
	u64 *word, mine;

	if (!READ_ONCE(diolate_params_kernel_log) || outcome == DIOLATE_SPARED ||
	    !message_is_due(message_key(r, outcome), &word, &mine))
		return;
	message = message_claim();
	if (!message) {
		/* The next late error of the file says it. */
		cmpxchg(word, mine, 0);
		return;
	}
	message->outcome = outcome;
	message->record = *r;
	/* Paired with the acquire in message_work(). */
	smp_store_release(&message->state, READY);
	schedule_work(&printing);
}
NOKPROBE_SYMBOL(diolate_message_call);

/* Only one worker at a time uses it. */
static char text[928];
static size_t length;

static __printf(1, 2) void message_add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	length += vscnprintf(text + length, sizeof(text) - length, format, args);
	va_end(args);
}

/* A name may have any byte: it is escaped as in the log. */
static void message_add_process(const char *comm, int pid)
{
	for (; *comm; comm++)
		message_add(diolate_record_escapes(*comm) ? "\\%03o" : "%c", *comm);
	message_add(" (%d)", pid);
}

/* What follows has to find room, too. */
#define MOST_OF_PATH 384

/* Of a longer path, the end. */
static void message_add_file(const struct diolate_file *f)
{
	size_t n = strlen(f->path), most = MOST_OF_PATH;

	message_add("%s%s (%s %u:%u, inode %llu)", n > most ? "..." : "",
		    f->path + (n > most ? n - most : 0), f->fstype, MAJOR(f->dev), MINOR(f->dev),
		    f->ino);
}

static void message_add_write(const struct diolate_record *r)
{
	message_add(r->kind == DIOLATE_OVERTAKEN ? "writeback overtook" :
						   "the page cache disagrees with the disk after");
	message_add(" a direct write ");
	if (r->length)
		message_add("of %llu bytes ", r->length);
	message_add("at %lld by ", r->pos);
	if (r->pid)
		message_add_process(r->comm, r->pid);
	else
		message_add("a process that is not known");
}

static void message_add_dirtier(const struct diolate_dirtier *who)
{
	if (who->by == DIOLATE_BY_NOBODY) {
		message_add("who had dirtied the page is not known");
		return;
	}
	message_add_process(who->comm, who->pid);
	message_add(" had dirtied the page %s", ways[who->by]);
}

static void message_print(const struct message *m)
{
	length = 0;
	message_add_file(&m->record.file);
	message_add(": ");
	message_add_write(&m->record);
	message_add("; ");
	message_add_dirtier(&m->record.dirtier);
	message_add("; %s; see diolate log", outcomes[m->outcome]);
	if (m->outcome == DIOLATE_REPAIRED)
		pr_info("%s\n", text);
	else
		pr_warn("%s\n", text);
}

/* Whether it is said, or there was too much in this hour. One worker at a time. */
static bool message_is_allowed(void)
{
	static unsigned long begun;
	static unsigned int n;

	if (!n || time_after(jiffies, begun + HOUR * HZ)) {
		begun = jiffies;
		n = 0;
	}
	n = min(n + 1, MOST + 2U);
	if (n == MOST + 1)
		pr_warn("more than %u messages of late errors in an hour: see diolate log\n", MOST);
	return n <= MOST;
}

static void message_work(struct work_struct *work)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		/* Paired with the release in diolate_message_call(). */
		if (smp_load_acquire(&messages[i].state) != READY)
			continue;
		if (message_is_allowed())
			message_print(&messages[i]);
		/* Paired with the cmpxchg() in message_claim(). */
		smp_store_release(&messages[i].state, FREE);
	}
}

/**
 * diolate_message_exit() - say what is left to say
 *
 * Context: process, sleeps; when no handler of diolate can run any more.
 */
void diolate_message_exit(void)
{
	flush_work(&printing);
}
