// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record has all that is reported of a late error, taken while the kernel has it at hand. A
 * record holds no reference to the file, because umount() fails while a file is in use; so no path
 * can be resolved later. Names are copied here one by one, without a lock, from the dentries that
 * the open file holds. A rename meanwhile may leave a mixture of the old path and the new.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>
#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/time.h>

#include "kernel/aio.h"
#include "kernel/uring.h"
#include "report/record.h"
#include "write/invalidation.h"

/* This stands for the beginning of a path that is too long. */
#define CUT "..."

/**
 * diolate_record_escapes() - whether a byte of a name would break a line of `key=value`
 * @c: the byte
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_record_escapes(unsigned char c)
{
	return c <= ' ' || c == '\\' || c == 0x7f;
}
NOKPROBE_SYMBOL(diolate_record_escapes);

static char *record_put_octal(char *p, unsigned char c)
{
	p[0] = '\\';
	p[1] = '0' + (c >> 6);
	p[2] = '0' + ((c >> 3) & 7);
	p[3] = '0' + (c & 7);
	return p;
}
NOKPROBE_SYMBOL(record_put_octal);

/* Put a name and a slash before @p, but nothing before @start; NULL if there is no room. */
static char *record_prepend(char *start, char *p, const char *name, size_t length)
{
	while (length--) {
		unsigned char c = name[length];
		size_t n = diolate_record_escapes(c) ? 4 : 1;

		if (p - start < n)
			return NULL;
		p -= n;
		if (n == 1)
			*p = c;
		else
			record_put_octal(p, c);
	}
	if (p == start)
		return NULL;
	*--p = '/';
	return p;
}
NOKPROBE_SYMBOL(record_prepend);

/*
 * A name is NUL-terminated, and its memory is freed after a grace period (fs/dcache.c,
 * prepend_name(), 6.1 to 7.3). The length of the dentry may be that of another name.
 */
static size_t record_name_length(const struct dentry *dentry, const char *name)
{
	return strnlen(name, min_t(size_t, READ_ONCE(dentry->d_name.len), NAME_MAX));
}
NOKPROBE_SYMBOL(record_name_length);

static void record_copy_path(char *path, const struct dentry *dentry)
{
	static const char deleted[] = "\\040(deleted)";
	char *start = path + strlen(CUT), *p = path + DIOLATE_PATH - 1;
	const struct dentry *parent;

	*p = '\0';
	if (d_unhashed(dentry) && !IS_ROOT(dentry)) {
		p -= strlen(deleted);
		memcpy(p, deleted, strlen(deleted));
	}
	if (IS_ROOT(dentry))
		*--p = '/';
	for (; (parent = READ_ONCE(dentry->d_parent)) != dentry; dentry = parent) {
		/* Paired with the release in __d_alloc() and copy_name(), fs/dcache.c. */
		const char *name = (const char *)smp_load_acquire(&dentry->d_name.name);
		char *longer = record_prepend(start, p, name, record_name_length(dentry, name));

		if (!longer) {
			p -= strlen(CUT);
			memcpy(p, CUT, strlen(CUT));
			break;
		}
		p = longer;
	}
	memmove(path, p, path + DIOLATE_PATH - p);
}
NOKPROBE_SYMBOL(record_copy_path);

/*
 * The inode is the dentry's and not the file's: overlayfs on 6.1 opens the file below under the
 * name of the file on top (open_with_fake_path()), and path and inode must be of the same file.
 */
static void record_look_at_file(struct diolate_file *f, const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;
	const struct inode *inode = d_inode(dentry);

	f->dev = inode->i_sb->s_dev;
	f->ino = inode->i_ino;
	f->gen = inode->i_generation;
	strscpy(f->fstype, inode->i_sb->s_type->name, sizeof(f->fstype));
	record_copy_path(f->path, dentry);
}
NOKPROBE_SYMBOL(record_look_at_file);

/* A handler looks at no more folios than this, which bounds its time. */
#define MOST_FOLIOS 1024

/* Who made a folio dirty, by a note of that. */
static void record_look_at_dirtier(struct diolate_record *r, u64 dirtied)
{
	if (!diolate_dirtied_who(dirtied, &r->dirtier))
		r->dirtier = (struct diolate_dirtier){};
}
NOKPROBE_SYMBOL(record_look_at_dirtier);

/*
 * The tags of the page cache tell; a folio itself may be freed and another's by now. Return: the
 * note of how the folio of r->page became dirty, or 0. One that became dirty since the invalidation
 * began was not in the way.
 */
static u64 record_look_at_pages(struct diolate_record *r, struct address_space *mapping,
				const struct diolate_invalidation *inv)
{
	u64 dirtied = 0;
	XA_STATE(xas, &mapping->i_pages, r->pos >> PAGE_SHIFT);
	pgoff_t last = (r->pos + max(r->length, 1ULL) - 1) >> PAGE_SHIFT;
	unsigned int looked_at = 0;
	pgoff_t first = 0;
	void *entry;

	r->pages = 0;
	r->more = false;
	r->page = DIOLATE_PAGE_GONE;
	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		bool dirty;

		if (xas_retry(&xas, entry) || xa_is_value(entry))
			continue;
		if (looked_at++ == MOST_FOLIOS) {
			r->more = true;
			break;
		}
		dirty = xas_get_mark(&xas, PAGECACHE_TAG_DIRTY);
		if (dirty || xas_get_mark(&xas, PAGECACHE_TAG_WRITEBACK)) {
			if (!r->pages++) {
				r->page = dirty ? DIOLATE_PAGE_DIRTY : DIOLATE_PAGE_WRITEBACK;
				first = xas.xa_index;
			}
		} else if (r->page == DIOLATE_PAGE_GONE) {
			r->page = DIOLATE_PAGE_PRIVATE;
		}
	}
	if (r->pages && inv->dated)
		dirtied = diolate_dirtied_find(mapping, first, r->page == DIOLATE_PAGE_WRITEBACK,
					       &inv->dirtied);
	rcu_read_unlock();
	return dirtied;
}
NOKPROBE_SYMBOL(record_look_at_pages);

const char *const diolate_by_names[] = {
	[DIOLATE_BY_NOBODY] = "-",
	[DIOLATE_BY_MMAP] = "mmap",
	[DIOLATE_BY_WRITE] = "write",
	[DIOLATE_BY_GUP] = "gup",
	[DIOLATE_BY_KERNEL] = "kernel",
};

const char *const diolate_page_names[] = {
	[DIOLATE_PAGE_GONE] = "gone",
	[DIOLATE_PAGE_PRIVATE] = "private",
	[DIOLATE_PAGE_WRITEBACK] = "writeback",
	[DIOLATE_PAGE_DIRTY] = "dirty",
};

/* The task that submitted a write, or the first of its process; NULL if unknown. */
static struct task_struct *record_submitter(struct kiocb *iocb, const struct diolate_late *late)
{
	struct task_struct *task = NULL;

	if (late->consumer == DIOLATE_IO_URING)
		task = diolate_uring_task(iocb);
	else if (late->consumer == DIOLATE_LIBAIO)
		task = late->waited_for && diolate_aio_is_mine(iocb) ? current :
								      diolate_aio_process(iocb);
	else if (late->consumer == DIOLATE_SYNC || late->waited_for)
		task = current;
	return task;
}
NOKPROBE_SYMBOL(record_submitter);

/*
 * The first thread names the process. An io_uring request may outlive the task that submitted it:
 * the request holds a reference to the task, but not to the first thread. If the task is released,
 * its group_leader is stale (pid_alive(), include/linux/sched.h, 6.1; pid.h, 6.12 and 7.3). If not,
 * the first thread is freed after a grace period at the earliest.
 */
static const struct task_struct *record_first_thread(const struct task_struct *task)
{
	return pid_alive(task) ? READ_ONCE(task->group_leader) : task;
}
NOKPROBE_SYMBOL(record_first_thread);

static void record_look_at_submitter(struct diolate_record *r, struct kiocb *iocb,
				     const struct diolate_late *late)
{
	struct task_struct *task;

	rcu_read_lock();
	task = record_submitter(iocb, late);
	r->pid = task ? task->tgid : 0;
	strscpy(r->comm, task ? record_first_thread(task)->comm : "", sizeof(r->comm));
	rcu_read_unlock();
}
NOKPROBE_SYMBOL(record_look_at_submitter);

/**
 * diolate_record_take() - make the record of a late error
 * @r:    filled in
 * @inv:  the invalidation that failed
 * @iocb: the kiocb of the submitter, or that of @inv
 * @late: what is known of the late error
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
void diolate_record_take(struct diolate_record *r, const struct diolate_invalidation *inv,
			 struct kiocb *iocb, const struct diolate_late *late)
{
	const struct file *file = iocb->ki_filp;
	u64 in_the_way;

	r->kind = late->kind;
	r->time = ktime_get_real_fast_ns();
	r->pos = inv->start;
	r->length = inv->length;
	r->consumer = late->consumer;
	r->uid = from_kuid(&init_user_ns, file->f_cred->fsuid);
	record_look_at_submitter(r, iocb, late);
	record_look_at_file(&r->file, file);
	in_the_way = record_look_at_pages(r, inv->iocb->ki_filp->f_mapping, inv);
	record_look_at_dirtier(r, late->kind == DIOLATE_OVERTAKEN ? late->dirtied : in_the_way);
}
NOKPROBE_SYMBOL(diolate_record_take);

/**
 * diolate_record_show_time() - print a time as RFC 3339 does, in UTC
 * @m:    the file to print to
 * @time: ns since the epoch
 *
 * Context: process, may sleep.
 */
void diolate_record_show_time(struct seq_file *m, u64 time)
{
	u32 ns;
	u64 seconds = div_u64_rem(time, NSEC_PER_SEC, &ns);
	struct tm tm;

	time64_to_tm(seconds, 0, &tm);
	seq_printf(m, "%04ld-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ns);
}

/**
 * diolate_record_show_file() - print what identifies a file
 * @m:    the file to print to
 * @file: the file
 *
 * Context: process, may sleep.
 */
void diolate_record_show_file(struct seq_file *m, const struct diolate_file *file)
{
	seq_printf(m, "dev=%u:%u ino=%llu gen=%u fstype=%s path=%s", MAJOR(file->dev),
		   MINOR(file->dev), file->ino, file->gen, file->fstype, file->path);
}
