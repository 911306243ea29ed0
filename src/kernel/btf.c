// SPDX-License-Identifier: GPL-2.0-only
/*
 * BTF taken apart: where a member of a structure is, and what a function is called with.
 *
 * The data are not trusted. diolate_btf_init() sees to it that each type lies within them; what a
 * type says of others (a name, a type, an offset) is checked where it is followed.
 *
 * The format is that of include/uapi/linux/btf.h, 5.10 to 7.3. It is defined here once more, since
 * the headers of 5.10 know fewer kinds than later ones, and not every kernel is described by a
 * pahole of its age. In 7.2 the number of members has 24 bits instead of 16, and the kind 7
 * instead of 4 (5 since 5.13); the bits between were 0. What 7.2 adds to the header is not needed.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kernel/btf.h"

/* struct btf_header. */
struct btf_head {
	u16 magic; /* it is another one in the other byte order */
	u8 version, flags;
	u32 size;
	/* From the end of the header. */
	u32 types, types_size;
	u32 strings, strings_size;
};

#define BTF_HEAD_MAGIC 0xeb9f

/* BTF_KIND_. Those up to DATASEC are in 5.10; FLOAT came with 5.13, the tags with 5.16 and 5.17. */
enum {
	UNKNOWN, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT,
	FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64, KINDS
};

/* struct btf_type; what comes behind it depends on its kind. */
struct btf_record {
	u32 name;
	u32 info; /* BTF_INFO_: of the members the number, the kind, and BTF_INFO_KFLAG */
	union {
		u32 size;
		u32 type;
	};
	u32 more[];
};

#define BTF_RECORD_VLEN(record) ((record)->info & 0xffffff)
#define BTF_RECORD_KIND(record) ((record)->info >> 24 & 0x7f)
#define BTF_RECORD_FLAG(record) ((record)->info >> 31)

/* What comes behind a type, in words: once, and for each of its members. */
static const struct {
	u8 once, each;
} btf_words[KINDS] = {
	[INT] = { 1, 0 }, [ARRAY] = { 3, 0 }, [STRUCT] = { 0, 3 }, [UNION] = { 0, 3 },
	[ENUM] = { 0, 2 }, [FUNC_PROTO] = { 0, 2 }, [VAR] = { 1, 0 }, [DATASEC] = { 0, 3 },
	[DECL_TAG] = { 1, 0 }, [ENUM64] = { 0, 3 },
};

/* struct btf_member, struct btf_param. */
struct btf_field {
	u32 name, type;
	u32 bits; /* with BTF_RECORD_FLAG the upper 8 are the width of a bitfield */
};

struct btf_argument {
	u32 name, type;
};

/*
 * Only what is hostile has more: typedefs and qualifiers behind each other (6 in Debian's kernels),
 * anonymous members within each other (7), or members looked at in one search (272).
 */
#define BTF_LINKS 32
#define BTF_DEPTH 16
#define BTF_FIELDS 65536

/*
 * The index: by the hash of a name the number of the last structure or function with such a name;
 * then for each type the number of the one before with the same hash, or 0; then for each type
 * where it is. It takes as long to make as 5 searches without it (7.3: 127,424 types).
 */
#define BTF_HASHES 16384
/* Bytes of a name that count; else one that has no end would be hashed again and again. */
#define BTF_HASHED 64

static u32 *btf_chain(const struct diolate_btf *btf)
{
	return btf->index + BTF_HASHES;
}

static u32 *btf_where(const struct diolate_btf *btf)
{
	return btf_chain(btf) + (btf->end - btf->first);
}

static u32 btf_hash(const char *name)
{
	u32 hash = 0;
	size_t i;

	for (i = 0; i < BTF_HASHED && name[i]; i++)
		hash = hash * 31 + (u8)name[i];
	return (hash ^ hash >> 14) % BTF_HASHES;
}

static const char *btf_name(const struct diolate_btf *btf, u32 name)
{
	for (; btf; btf = btf->base)
		if (name - btf->first_string < btf->strings_size)
			return btf->strings + (name - btf->first_string);
	return "";
}

/* NULL if there is no such type; void has the number 0 and is none. */
static const struct btf_record *btf_record(const struct diolate_btf *btf, u32 number)
{
	for (; btf; btf = btf->base)
		if (number >= btf->first && number < btf->end)
			return (const void *)(btf->types + btf_where(btf)[number - btf->first]);
	return NULL;
}

static bool btf_is_structure(const struct btf_record *record)
{
	return BTF_RECORD_KIND(record) == STRUCT || BTF_RECORD_KIND(record) == UNION;
}

static bool btf_is_number(const struct btf_record *record)
{
	u32 kind = BTF_RECORD_KIND(record);

	return kind == INT || kind == ENUM || kind == ENUM64 || kind == FLOAT;
}

/* How many words a type has; 0 if it does not fit into @left of them. */
static size_t btf_length(const struct btf_record *record, size_t left)
{
	size_t words = sizeof(*record) / sizeof(u32);
	u32 kind;

	if (left < words)
		return 0;
	kind = BTF_RECORD_KIND(record);
	if (kind == UNKNOWN || kind >= KINDS)
		return 0;
	words += btf_words[kind].once + (size_t)btf_words[kind].each * BTF_RECORD_VLEN(record);
	return words <= left ? words : 0;
}

/* Walks all types: counts them if there is no index yet, else fills it. */
static int btf_walk(struct diolate_btf *btf, size_t words)
{
	size_t at, length;
	u32 number = btf->first;

	for (at = 0; at < words; at += length, number++) {
		const struct btf_record *record = (const void *)(btf->types + at);
		const char *name;
		u32 kind, *last;

		length = btf_length(record, words - at);
		if (!length)
			return -EINVAL;
		if (!btf->index)
			continue;
		btf_where(btf)[number - btf->first] = at;
		kind = BTF_RECORD_KIND(record);
		name = kind == STRUCT || kind == FUNC ? btf_name(btf, record->name) : "";
		if (!*name)
			continue;
		last = &btf->index[btf_hash(name)];
		btf_chain(btf)[number - btf->first] = *last;
		*last = number;
	}
	btf->end = number;
	return 0;
}

/**
 * diolate_btf_init() - check a BTF, and make an index of it
 * @btf:  filled in; it is to be given to diolate_btf_free()
 * @data: what /sys/kernel/btf has, not trusted; to be kept as long as @btf, and on a word boundary
 * @size: bytes
 * @base: for the BTF of a module that of vmlinux, whose numbers of types and of names it continues
 *        (btf_parse_module(), kernel/bpf/btf.c, 6.12); NULL for vmlinux itself
 *
 * Context: process, may sleep. The time it takes grows with @size alone.
 * Return: 0; -EINVAL if that is no BTF of this processor's byte order, or has a kind of types that
 *         is not known here; -ENOMEM.
 */
int diolate_btf_init(struct diolate_btf *btf, const void *data, size_t size,
		     const struct diolate_btf *base)
{
	const struct btf_head *head = data;
	size_t left;
	int err;

	memset(btf, 0, sizeof(*btf));
	if (size < sizeof(*head) || head->magic != BTF_HEAD_MAGIC || head->version != 1 ||
	    head->flags || head->size < sizeof(*head) || head->size > size)
		return -EINVAL;
	left = size - head->size;
	if (head->types > left || head->types_size > left - head->types ||
	    head->strings > left || head->strings_size > left - head->strings ||
	    (head->size | head->types | head->types_size) % sizeof(u32))
		return -EINVAL;
	btf->strings = (const char *)data + head->size + head->strings;
	btf->strings_size = head->strings_size;
	/* A module may have no name that vmlinux has not (btf_parse_str_sec(), 6.12). */
	if (btf->strings_size ? btf->strings[btf->strings_size - 1] : !base)
		return -EINVAL;
	btf->types = data + head->size + head->types;
	btf->base = base;
	btf->first = base ? base->end : 1;
	btf->first_string = base ? base->first_string + base->strings_size : 0;

	err = btf_walk(btf, head->types_size / sizeof(u32));
	if (err)
		return err;
	btf->index = kvcalloc(BTF_HASHES + 2 * (size_t)(btf->end - btf->first), sizeof(u32),
			      GFP_KERNEL);
	if (!btf->index)
		return -ENOMEM;
	return btf_walk(btf, head->types_size / sizeof(u32));
}

/**
 * diolate_btf_free() - drop the index of a BTF
 * @btf: what diolate_btf_init() was called with, whatever it returned; of no more use
 *
 * Context: process, may sleep.
 */
void diolate_btf_free(struct diolate_btf *btf)
{
	kvfree(btf->index);
	btf->index = NULL;
}

/* The next one of its kind and name, where @number is that of the last one, and 0 at first. */
static const struct btf_record *btf_next(const struct diolate_btf **in, u32 *number, u32 kind,
					 const char *name)
{
	const struct diolate_btf *btf;
	const struct btf_record *record;

	for (; (btf = *in); *in = btf->base) {
		*number = *number ? btf_chain(btf)[*number - btf->first] :
				    btf->index[btf_hash(name)];
		for (; *number; *number = btf_chain(btf)[*number - btf->first]) {
			record = btf_record(btf, *number);
			if (BTF_RECORD_KIND(record) == kind &&
			    !strcmp(btf_name(btf, record->name), name))
				return record;
		}
	}
	return NULL;
}

/* What a type is behind its names and qualifiers, into @record; NULL for void. */
static int btf_behind(const struct diolate_btf *btf, u32 number, const struct btf_record **record)
{
	unsigned int links;

	for (links = 0; links < BTF_LINKS; links++) {
		*record = btf_record(btf, number);
		if (!*record)
			return number ? -EINVAL : 0;
		switch (BTF_RECORD_KIND(*record)) {
		case TYPEDEF:
		case VOLATILE:
		case CONST:
		case RESTRICT:
		case TYPE_TAG:
			number = (*record)->type;
			break;
		default:
			return 0;
		}
	}
	return -EINVAL;
}

/* Size and kind of a member by its type. */
static int btf_measure(const struct diolate_btf *btf, u32 type, struct diolate_btf_place *place)
{
	const struct btf_record *record;
	unsigned int links;
	bool array = false;
	u64 count = 1, size;
	int err;

	for (links = 0; links < BTF_LINKS; links++) {
		err = btf_behind(btf, type, &record);
		if (err)
			return err;
		if (!record || BTF_RECORD_KIND(record) != ARRAY)
			break;
		/* struct btf_array: the types of an element and of an index, how many there are. */
		array = true;
		count *= record->more[2];
		if (count > U32_MAX)
			return -EINVAL;
		type = record->more[0];
	}
	if (!record)
		return -EINVAL;
	size = record->size;
	if (BTF_RECORD_KIND(record) == PTR)
		size = sizeof(void *);
	else if (BTF_RECORD_KIND(record) == INT && (record->more[0] & 0xffffff) != size * 8)
		return -EINVAL; /* BTF_INT_OFFSET, BTF_INT_BITS: by itself a bitfield */
	else if (!btf_is_number(record) && !btf_is_structure(record))
		return -EINVAL;
	place->kind = BTF_RECORD_KIND(record) == PTR ? DIOLATE_BTF_POINTER :
		      btf_is_number(record) ? DIOLATE_BTF_INTEGER : DIOLATE_BTF_STRUCTURE;
	if (array)
		place->kind = DIOLATE_BTF_ARRAY;
	/* Both are below 2^32. */
	size *= count;
	place->size = size;
	return size > U32_MAX ? -EINVAL : 0;
}

/**
 * struct btf_search - the search for a member of a structure
 * @member: its name
 * @fields: how many more may be looked at
 * @type:   of the member, once it is found
 * @at:     where it is, bits from the start of the structure
 * @bits:   the width, if it is a bitfield
 */
struct btf_search {
	const char *member;
	unsigned int fields;
	u32 type;
	u64 at;
	u32 bits;
};

/* @inside lies @at bits behind the start of the structure that is searched. */
static int btf_search(const struct diolate_btf *btf, const struct btf_record *inside,
		      struct btf_search *search, u64 at, unsigned int depth)
{
	const struct btf_field *field = (const void *)inside->more;
	const struct btf_field *end = field + BTF_RECORD_VLEN(inside);
	bool flag = BTF_RECORD_FLAG(inside);
	const struct btf_record *inner;
	int err;

	for (; field < end; field++) {
		const char *name = btf_name(btf, field->name);
		u64 here = at + (flag ? field->bits & 0xffffff : field->bits);

		if (!search->fields--)
			return -EINVAL;
		if (*name && !strcmp(name, search->member)) {
			search->type = field->type;
			search->at = here;
			search->bits = flag ? field->bits >> 24 : 0;
			return 0;
		}
		if (*name)
			continue;
		err = btf_behind(btf, field->type, &inner);
		if (err)
			return err;
		/* What else has no name is a bitfield, to fill a gap. */
		if (!inner || !btf_is_structure(inner))
			continue;
		err = depth ? btf_search(btf, inner, search, here, depth - 1) : -EINVAL;
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

/* The one structure of that name says where the member is, and what is its type. */
static int btf_place(const struct diolate_btf *btf, const struct btf_record *structure,
		     struct btf_search *search, struct diolate_btf_place *place)
{
	int err = btf_search(btf, structure, search, 0, BTF_DEPTH);

	if (!err && (search->bits || search->at % 8))
		err = -EINVAL;
	if (!err)
		err = btf_measure(btf, search->type, place);
	if (!err && search->at / 8 + place->size > structure->size)
		err = -EINVAL;
	place->offset = search->at / 8;
	return err;
}

/**
 * struct btf_text - a text that is made
 * @text: where
 * @size: bytes there are, at least 1
 * @used: bytes of them that are used, without the 0 at the end
 * @err:  what is wrong with it
 */
struct btf_text {
	char *text;
	size_t size, used;
	int err;
};

static __printf(2, 3) void btf_say(struct btf_text *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	t->used += vsnprintf(t->text + t->used, t->size - t->used, format, arguments);
	va_end(arguments);
	if (t->used >= t->size) {
		t->used = t->size - 1;
		t->err = -ENOSPC;
	}
}

/* An argument or a result. */
static void btf_say_type(struct btf_text *t, const struct diolate_btf *btf, u32 type)
{
	const struct btf_record *record, *to;

	if (btf_behind(btf, type, &record))
		t->err = -EINVAL;
	else if (!record)
		btf_say(t, "v");
	else if (BTF_RECORD_KIND(record) == PTR && !btf_behind(btf, record->type, &to))
		btf_say(t, "%s*", to && (btf_is_structure(to) || BTF_RECORD_KIND(to) == FWD) ?
			btf_name(btf, to->name) : "");
	else if (btf_is_structure(record) && *btf_name(btf, record->name))
		btf_say(t, "%s", btf_name(btf, record->name));
	else if (btf_is_structure(record))
		btf_say(t, "{%u}", record->size);
	else if (btf_is_number(record))
		btf_say(t, "%s%u", BTF_RECORD_KIND(record) == FLOAT ? "f" : "", record->size);
	else
		t->err = -EINVAL;
}

/* Those of one name must have the same one: what is not the @first one is compared. */
static int btf_prototype(const struct diolate_btf *btf, const struct btf_record *prototype,
			 bool first, char *text, size_t size)
{
	char other[DIOLATE_BTF_TEXT];
	struct btf_text t = { .text = first ? text : other,
			      .size = first ? size : sizeof(other) };
	const struct btf_argument *argument, *end;

	if (!size)
		return -ENOSPC;
	if (!prototype || BTF_RECORD_KIND(prototype) != FUNC_PROTO)
		return -EINVAL;
	argument = (const void *)prototype->more;
	end = argument + BTF_RECORD_VLEN(prototype);
	btf_say(&t, "(");
	for (; argument < end && !t.err; argument++) {
		/* The last one of a variable number has neither name nor type. */
		if (!argument->name && !argument->type)
			btf_say(&t, "...");
		else
			btf_say_type(&t, btf, argument->type);
		if (argument + 1 < end)
			btf_say(&t, ",");
	}
	btf_say(&t, ")=");
	btf_say_type(&t, btf, prototype->type);
	return t.err ?: strcmp(t.text, text) ? -ENOTUNIQ : 0;
}

/**
 * diolate_btf_member() - where a member of a structure is
 * @btf:       where to look; in what it continues, too
 * @structure: the name of the structure, without "struct"
 * @member:    the name of the member, which may be in anonymous structures and unions in it
 * @place:     filled in if the return value is 0
 *
 * Several structures may have the name, private ones of different files: they must agree.
 *
 * Context: any.
 * Return: 0; -ENOENT if there is no such structure or it has no such member; -ENOTUNIQ if the
 *         structures of that name do not agree; -EINVAL for a bitfield, or if the BTF is wrong.
 */
int diolate_btf_member(const struct diolate_btf *btf, const char *structure, const char *member,
		       struct diolate_btf_place *place)
{
	struct btf_search search = { .member = member, .fields = BTF_FIELDS };
	const struct btf_record *record;
	const struct diolate_btf *in = btf;
	struct diolate_btf_place one;
	int err, before = 1;
	u32 number = 0;

	for (; (record = btf_next(&in, &number, STRUCT, structure)); before = err) {
		err = btf_place(btf, record, &search, &one);
		if (err && err != -ENOENT)
			return err;
		if (before <= 0 && (err != before || (!err && memcmp(&one, place, sizeof(one)))))
			return -ENOTUNIQ;
		if (!err)
			*place = one;
	}
	return before > 0 ? -ENOENT : before;
}

/**
 * diolate_btf_prototype() - what a function is called with, and what it returns
 * @btf:      where to look; in what it continues, too
 * @function: its name
 * @text:     filled in if the return value is 0
 * @size:     bytes of @text; DIOLATE_BTF_TEXT is enough for what is looked up here
 *
 * The text is made to be compared, as "(io_kiocb*,8,io_br_sel,4)=4" for kiocb_done(). An integer or
 * an enum is its size in bytes, a floating-point number that behind an f. A pointer to a structure
 * or union of some name is the name and a *, any other pointer a *. A structure or union by value
 * is its name, or without one its size in braces. void is v.
 *
 * Several functions may have the name, static ones of different files: they must agree.
 *
 * Context: any.
 * Return: 0; -ENOENT if there is no such function; -ENOTUNIQ if those of that name do not agree;
 *         -ENOSPC if @text is too small; -EINVAL if the BTF is wrong.
 */
int diolate_btf_prototype(const struct diolate_btf *btf, const char *function, char *text,
			  size_t size)
{
	const struct diolate_btf *in = btf;
	const struct btf_record *record;
	int err = -ENOENT;
	u32 number = 0;

	while ((record = btf_next(&in, &number, FUNC, function))) {
		err = btf_prototype(btf, btf_record(btf, record->type), err, text, size);
		if (err)
			return err;
	}
	return err;
}
