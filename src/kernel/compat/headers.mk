# SPDX-License-Identifier: GPL-2.0-only
# What the kernel's headers have. A distribution brings parts of newer kernels into an older one (RHEL 9
# calls itself 5.14), so its version says little. Each line below whose text is found gives
# -DDIOLATE_HAS_NAME; the headers beside this file choose by that, and end with an #error where they find
# none of the alternatives they know. What a macro or a type can tell has no line here.
#
# The kernel's build system reads this several times, in its own directory or in that of the module; a
# header is looked for where the compiler would find it.
#
# $(call diolate-has,NAME,HEADERS,FROM,TEXT): whether TEXT is in a line of one of HEADERS that is between
# one with FROM and the next that begins with a closing brace. Both are extended regular expressions
# without a comma.
diolate-include := $(patsubst -I%,%,$(filter -I%,$(LINUXINCLUDE)))
diolate-header = $(firstword $(wildcard $(addsuffix /$1,$(diolate-include))))
diolate-has = $(if $(shell sed -nE '/$3/,/^\}/ { /$4/ p }' /dev/null \
	$(foreach header,$2,$(call diolate-header,$(header)))),-DDIOLATE_HAS_$1)
# $(call diolate-exports,NAME,FUNCTION): whether the kernel has FUNCTION for modules.
diolate-exports = $(if $(shell sed -nE '/\s$2\s/ p' /dev/null \
	$(wildcard $(objtree)/Module.symvers)),-DDIOLATE_HAS_$1)

# The comment of a line says since or until which release upstream has it.
diolate-flags :=
# since 5.12
diolate-flags += $(call diolate-has,BI_BDEV,linux/blk_types.h,^struct bio \{,\*bi_bdev;)
# until 5.11
diolate-flags += $(call diolate-has,BI_DISK,linux/blk_types.h,^struct bio \{,\*bi_disk;)
# since 6.6
diolate-flags += $(call diolate-has,BIO_PAGE_PINNED,linux/blk_types.h,^enum,^\sBIO_PAGE_PINNED\b)
# until 6.5, where each is the other's opposite
diolate-flags += $(call diolate-has,BIO_PAGE_REF,linux/blk_types.h,^enum,^\sBIO_(NO_PAGE_REF|PAGE_REFFED)\b)
# since 6.1
diolate-flags += $(call diolate-has,BIO_BPS_THROTTLED,linux/blk_types.h,^enum,^\sBIO_BPS_THROTTLED\b)
# until 6.0
diolate-flags += $(call diolate-has,BIO_THROTTLED,linux/blk_types.h,^enum,^\sBIO_THROTTLED\b)
# until 5.15; folios are known by a macro
diolate-flags += $(call diolate-has,PAGE_WRITEBACK,linux/page-flags.h,^,\b__test_set_page_writeback\b)
# since 6.1 at the latest
diolate-flags += $(call diolate-has,DIRTY_FOLIO,trace/events/writeback.h,^,\bwriteback_dirty_folio\b)
# on 5.10
diolate-flags += $(call diolate-has,DIRTY_PAGE,trace/events/writeback.h,^,\bwriteback_dirty_page\b)
# since 5.15, for PREEMPT_RT
diolate-flags += $(call diolate-has,RWBASE,linux/rwsem.h,^,\bstruct rwbase_rt\b)
# since 6.8
diolate-flags += $(call diolate-has,ERROR_REMOVE_FOLIO,linux/mm.h,^,\bgeneric_error_remove_folio\b)
# until 6.7
diolate-flags += $(call diolate-has,ERROR_REMOVE_PAGE,linux/mm.h,^,\bgeneric_error_remove_page\b)
# since 5.19
diolate-flags += $(call diolate-has,RELEASE_FOLIO,linux/fs.h,^struct address_space_operations \{,\(\*release_folio\))
# until 5.18
diolate-flags += $(call diolate-has,RELEASEPAGE,linux/fs.h,^struct address_space_operations \{,\(\*releasepage\))
# since 6.13
diolate-flags += $(call diolate-has,IO_KIOCB_TCTX,linux/io_uring_types.h,^struct io_kiocb \{,\*tctx;)
# until 6.12
diolate-flags += $(call diolate-has,IO_KIOCB_TASK,linux/io_uring_types.h,^struct io_kiocb \{,\*task;)
# since 6.0, where the structure is public
diolate-flags += $(call diolate-has,IO_KIOCB,trace/events/io_uring.h,^,\bstruct io_kiocb \*)
# since 5.11
diolate-flags += $(call diolate-has,FTRACE_REGS,linux/ftrace.h,^,\bftrace_get_regs\b)
# since 6.2
diolate-flags += $(call diolate-has,FTRACE_REGS_ARGUMENT,asm/ftrace.h linux/ftrace.h linux/ftrace_regs.h,^,\bftrace_regs_get_argument\b)
# since 5.11, until 6.1
diolate-flags += $(call diolate-has,FTRACE_REGS_REGS,asm/ftrace.h,^struct ftrace_regs \{,\bstruct pt_regs\s+regs;)
# since 5.11
diolate-flags += $(call diolate-has,FTRACE_RECURSION,linux/ftrace.h,^enum,\bFTRACE_OPS_FL_RECURSION\b)
# until 5.10
diolate-flags += $(call diolate-has,FTRACE_RECURSION_SAFE,linux/ftrace.h,^enum,\bFTRACE_OPS_FL_RECURSION_SAFE\b)
# since 5.11
diolate-flags += $(call diolate-has,TASK_KRETPROBES,linux/sched.h,^struct task_struct \{,\bkretprobe_instances;)
# until 5.10
diolate-flags += $(call diolate-has,FREE_INSTANCES,linux/kprobes.h,^struct kretprobe \{,\bfree_instances;)
# since 6.2, and in the 6.1 of Debian 12
diolate-flags += $(call diolate-exports,FREE_FILTER,ftrace_free_filter)
