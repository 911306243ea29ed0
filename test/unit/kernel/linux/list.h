/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#include <linux/atomic.h>
struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define hlist_empty(head) (!READ_ONCE((head)->first))
#define hlist_unhashed_lockless(node) (!READ_ONCE((node)->pprev))

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (node->next)
		WRITE_ONCE(node->next->pprev, &node->next);
	WRITE_ONCE(node->pprev, &head->first);
	WRITE_ONCE(head->first, node);
}

static inline void hlist_del_init(struct hlist_node *node)
{
	WRITE_ONCE(*node->pprev, node->next);
	if (node->next)
		WRITE_ONCE(node->next->pprev, node->pprev);
	WRITE_ONCE(node->pprev, NULL);
}

#define hlist_entry(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))
#define hlist_for_each_entry(entry, head, member)					\
	for (struct hlist_node *node_ = (head)->first;					\
	     node_ && (entry = hlist_entry(node_, typeof(*(entry)), member), true);	\
	     node_ = node_->next)
