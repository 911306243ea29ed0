// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at a late error: everything that will be said of it, taken down while the kernel still
 * has it at hand. No reference is taken, since a file that stays in use would make somebody's
 * umount() fail; so no path can be resolved later. The names are copied here, one by one, from the
 * dentries that the open file holds, which takes no lock. A rename that goes on meanwhile may leave
 * a mixture of the old path and the new.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "diolate.h"

/* What stands for the beginning of a path that is too long. */
#define CUT "..."

/**
 * diolate_escaped() - whether a byte of a name would break a line of `key=value`
 * @c: the byte
 *
 * Context: any, also inside a probe handler.
 */
bool diolate_escaped(unsigned char c)
{
	return c <= ' ' || c == '\\' || c == 0x7f;
}
NOKPROBE_SYMBOL(diolate_escaped);

static char *put_octal(char *p, unsigned char c)
{
	p[0] = '\\';
	p[1] = '0' + (c >> 6);
	p[2] = '0' + ((c >> 3) & 7);
	p[3] = '0' + (c & 7);
	return p;
}
NOKPROBE_SYMBOL(put_octal);

/* Put a name and a slash before @p, but nothing before @start; NULL if there is no room. */
static char *prepend(char *start, char *p, const char *name, size_t length)
{
	while (length--) {
		unsigned char c = name[length];
		size_t n = diolate_escaped(c) ? 4 : 1;

		if (p - start < n)
			return NULL;
		p -= n;
		if (n == 1)
			*p = c;
		else
			put_octal(p, c);
	}
	if (p == start)
		return NULL;
	*--p = '/';
	return p;
}
NOKPROBE_SYMBOL(prepend);

/*
 * A name is NUL-terminated in its memory, which is freed after a grace period (fs/dcache.c,
 * prepend_name(), 6.1 to 7.3); its length may be that of another name.
 */
static size_t name_length(const struct dentry *dentry, const char *name)
{
	return strnlen(name, min_t(size_t, READ_ONCE(dentry->d_name.len), NAME_MAX));
}
NOKPROBE_SYMBOL(name_length);

static void copy_path(char *path, const struct dentry *dentry)
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
		char *longer = prepend(start, p, name, name_length(dentry, name));

		if (!longer) {
			p -= strlen(CUT);
			memcpy(p, CUT, strlen(CUT));
			break;
		}
		p = longer;
	}
	memmove(path, p, path + DIOLATE_PATH - p);
}
NOKPROBE_SYMBOL(copy_path);

/*
 * The dentry's inode and not the file's: overlayfs of 6.1 opens the file below under the name of
 * the one on top (open_with_fake_path()), and name and number must be of the same file.
 */
static void look_at_file(struct diolate_file *f, const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;
	const struct inode *inode = d_inode(dentry);

	f->dev = inode->i_sb->s_dev;
	f->ino = inode->i_ino;
	f->gen = inode->i_generation;
	strscpy(f->fstype, inode->i_sb->s_type->name, sizeof(f->fstype));
	copy_path(f->path, dentry);
}
NOKPROBE_SYMBOL(look_at_file);

/* No more folios than this are looked at: it is the time a handler may take that is bounded. */
#define MOST_FOLIOS 1024

/* By the tags of the page cache: a folio itself may be freed and another's by now. */
static void look_at_pages(struct diolate_record *r, struct address_space *mapping)
{
	XA_STATE(xas, &mapping->i_pages, r->pos >> PAGE_SHIFT);
	pgoff_t last = (r->pos + max(r->length, 1ULL) - 1) >> PAGE_SHIFT;
	unsigned int looked_at = 0;
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
			if (!r->pages++)
				r->page = dirty ? DIOLATE_PAGE_DIRTY : DIOLATE_PAGE_WRITEBACK;
		} else if (r->page == DIOLATE_PAGE_GONE) {
			r->page = DIOLATE_PAGE_PRIVATE;
		}
	}
	rcu_read_unlock();
}
NOKPROBE_SYMBOL(look_at_pages);

const char *const diolate_page_names[] = {
	[DIOLATE_PAGE_GONE] = "gone",
	[DIOLATE_PAGE_PRIVATE] = "private",
	[DIOLATE_PAGE_WRITEBACK] = "writeback",
	[DIOLATE_PAGE_DIRTY] = "dirty",
};

/* The task that submitted a write, if it can be known. */
static struct task_struct *submitter(struct kiocb *iocb, const struct diolate_late *late)
{
	struct task_struct *task = NULL;

	if (late->consumer == DIOLATE_IO_URING)
		task = diolate_uring_task(iocb);
	if (task)
		return task;
	if (late->consumer == DIOLATE_SYNC || late->waited_for)
		return current;
	return NULL;
}
NOKPROBE_SYMBOL(submitter);

/*
 * The task whose name a process goes by. An io_uring request may outlive the thread that submitted
 * it, to which it holds a reference, but not to the first thread of its process: of a task that is
 * released that pointer is stale (pid_alive(), include/linux/sched.h, 6.1; pid.h, 6.12 and 7.3). Of
 * one that is not, the first thread is freed after a grace period at the earliest.
 */
static const struct task_struct *first_thread(const struct task_struct *task)
{
	return pid_alive(task) ? READ_ONCE(task->group_leader) : task;
}
NOKPROBE_SYMBOL(first_thread);

/**
 * diolate_record() - take down a late error
 * @r:    filled in
 * @inv:  the invalidation that failed
 * @iocb: the write of user space it is for, or that of @inv
 * @late: what is known of it
 *
 * Context: any, also inside a probe handler; with preemption off.
 */
void diolate_record(struct diolate_record *r, const struct diolate_invalidation *inv,
		    struct kiocb *iocb, const struct diolate_late *late)
{
	const struct file *file = iocb->ki_filp;
	struct task_struct *task = submitter(iocb, late);

	r->kind = late->kind;
	r->time = ktime_get_real_fast_ns();
	r->pos = inv->iocb->ki_pos;
	r->length = inv->length;
	r->consumer = late->consumer;
	r->uid = from_kuid(&init_user_ns, file->f_cred->fsuid);
	r->pid = task ? task->tgid : 0;
	strscpy(r->comm, task ? first_thread(task)->comm : "", sizeof(r->comm));
	look_at_file(&r->file, file);
	look_at_pages(r, inv->iocb->ki_filp->f_mapping);
}
NOKPROBE_SYMBOL(diolate_record);
