// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/kernel/btf.c in user space, on BTF that is made here; each in memory of exactly its size, so that the
 * sanitizer sees what is read beyond it. The numbers are those of include/uapi/linux/btf.h, 7.3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/slab.h>
#include "kernel/btf.h"

enum {
	INT = 1, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT,
	FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64, KINDS
};

#define KIND_FLAG 0x80000000u

/**
 * struct made - a BTF that is made
 * @base:    the one it continues
 * @types:   its types
 * @strings: its names
 * @data:    all of it, once it is ready
 */
struct made {
	const struct made *base;
	u32 types[0x21000];
	size_t words;
	char strings[4096];
	size_t strings_size;
	u32 next, first_string;
	unsigned char *data;
	size_t size;
	struct diolate_btf btf;
};

static struct made vmlinux, module;
/* Which of them is being made. */
static struct made *m;

static void begin(struct made *made, const struct made *base)
{
	m = made;
	diolate_btf_free(&m->btf);
	free(m->data);
	memset(m, 0, sizeof(*m));
	m->base = base;
	m->next = base ? base->next : 1;
	m->first_string = base ? base->first_string + base->strings_size : 0;
	m->strings_size = !base;
}

/* The same name is a new one each time. */
static u32 name(const char *text)
{
	u32 at = m->first_string + m->strings_size;

	if (!text)
		return 0;
	memcpy(m->strings + m->strings_size, text, strlen(text) + 1);
	m->strings_size += strlen(text) + 1;
	return at;
}

static u32 put(const char *text, u32 kind, u32 members, u32 size_or_type, size_t n, const u32 *more)
{
	u32 *word = m->types + m->words;

	word[0] = name(text);
	word[1] = (kind & KIND_FLAG) | (kind & 0x7f) << 24 | members;
	word[2] = size_or_type;
	memcpy(word + 3, more, n * sizeof(*more));
	m->words += 3 + n;
	return m->next++;
}

/* Of words how many there are, and where. */
#define COUNT(...) (sizeof((u32[]){ 0, __VA_ARGS__ }) / 4 - 1)
#define LIST(...) ((u32[]){ 0, __VA_ARGS__ } + 1)
#define PUT(text, kind, members, size_or_type, ...) \
	put(text, kind, members, size_or_type, COUNT(__VA_ARGS__), LIST(__VA_ARGS__))

struct member {
	const char *name;
	u32 type, bits;
};

static u32 put_members(const char *text, u32 kind, u32 size, u32 n, const struct member *members)
{
	u32 more[3 * 64], i;

	for (i = 0; i < n; i++) {
		more[3 * i] = name(members[i].name);
		more[3 * i + 1] = members[i].type;
		more[3 * i + 2] = members[i].bits;
	}
	return put(text, kind, n, size, 3 * n, more);
}

#define MEMBERS(text, kind, size, ...)							\
	put_members(text, kind, size,							\
		    sizeof((struct member[]){ __VA_ARGS__ }) / sizeof(struct member),	\
		    (struct member[]){ __VA_ARGS__ })
#define STRUCTURE(text, size, ...) MEMBERS(text, STRUCT, size, __VA_ARGS__)
/* A member, at a byte. */
#define AT(byte, name, type) { name, type, (byte) * 8 }

static u32 integer(u32 size)
{
	return PUT("some integer", INT, 0, size, size * 8);
}

static u32 pointer(u32 to)
{
	return PUT(NULL, PTR, 0, to);
}

static u32 array(u32 of, u32 count)
{
	return PUT(NULL, ARRAY, 0, 0, of, 0, count);
}

/* A function of @n arguments without names. */
static u32 prototype(u32 result, size_t n, const u32 *arguments)
{
	u32 more[64];
	size_t i;

	for (i = 0; i < n; i++) {
		more[2 * i] = 0;
		more[2 * i + 1] = arguments[i];
	}
	return put(NULL, FUNC_PROTO, n, result, 2 * n, more);
}

#define PROTOTYPE(result, ...) prototype(result, COUNT(__VA_ARGS__), LIST(__VA_ARGS__))
#define FUNCTION(text, result, ...) PUT(text, FUNC, 0, PROTOTYPE(result, __VA_ARGS__))

/* Lays out what was put, behind a header of so many words; the names behind the types or before. */
static void lay_out_as(u32 words, bool names_first)
{
	u32 names = m->strings_size, types = m->words * 4;
	u32 types_at = names_first ? (names + 3) & ~3u : 0, names_at = names_first ? 0 : types;
	u32 head[8] = { 0x1eb9f, words * 4, types_at, types, names_at, names, 0xffffffff, 0xffffffff };

	free(m->data);
	m->size = words * 4 + (names_first ? types_at + types : types + names);
	m->data = calloc(m->size, 1);
	memcpy(m->data, head, words * 4);
	memcpy(m->data + words * 4 + types_at, m->types, types);
	memcpy(m->data + words * 4 + names_at, m->strings, names);
}

static void lay_out(void)
{
	lay_out_as(6, false);
}

static int init(void)
{
	return diolate_btf_init(&m->btf, m->data, m->size, m->base ? &m->base->btf : NULL);
}

static void ready(void)
{
	lay_out();
	assert_int_equal(init(), 0);
	assert_int_equal(m->btf.end, m->next);
}

/* Integers of so many bytes, in each vmlinux. */
static u32 i1, i4, i8;

static int begin_vmlinux(void **state)
{
	(void)state;
	begin(&vmlinux, NULL);
	i1 = integer(1);
	i4 = integer(4);
	i8 = integer(8);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	diolate_btf_free(&vmlinux.btf);
	diolate_btf_free(&module.btf);
	free(vmlinux.data);
	free(module.data);
	vmlinux.data = NULL;
	module.data = NULL;
	return 0;
}

/* What is said of a member, "offset:size kind"; without a structure, of a function; or an errno. */
static const char *look_up(const char *structure, const char *called)
{
	static const char kinds[] = "ipsa";
	static char text[DIOLATE_BTF_TEXT];
	struct diolate_btf_place place;
	int err = structure ? diolate_btf_member(&m->btf, structure, called, &place) :
			      diolate_btf_prototype(&m->btf, called, text, sizeof(text));

	if (err)
		return strerrorname_np(-err);
	if (structure)
		snprintf(text, sizeof(text), "%u:%u %c", place.offset, place.size, kinds[place.kind]);
	return text;
}

/* @of has pairs of a name and what is said of it; or, with @same, names of which that is said. */
static void check(int line, const char *structure, const char *same, const char *const *of)
{
	char expected[512], is[512];

	for (; *of; of += same ? 1 : 2) {
		snprintf(expected, sizeof(expected), "%s: %s", *of, same ?: of[1]);
		snprintf(is, sizeof(is), "%s: %s", *of, look_up(structure, *of));
		_assert_string_equal(is, expected, __FILE__, line);
	}
}

#define CHECK(structure, same, ...) \
	check(__LINE__, structure, same, (const char *const []){ __VA_ARGS__, NULL })
/* MEMBERS_ARE("s", "x", "0:8 p", ...); MEMBERS_FAIL("s", "ENOENT", "x", ...). */
#define MEMBERS_ARE(structure, ...) CHECK(structure, NULL, __VA_ARGS__)
#define MEMBERS_FAIL(structure, error, ...) CHECK(structure, error, __VA_ARGS__)
#define FUNCTIONS_ARE(...) CHECK(NULL, NULL, __VA_ARGS__)
#define FUNCTIONS_FAIL(error, ...) CHECK(NULL, error, __VA_ARGS__)

static void test_members(void **state)
{
	u32 chain;

	(void)state;
	chain = PUT(NULL, CONST, 0, PUT("loff_t", TYPEDEF, 0, i8));
	chain = PUT(NULL, RESTRICT, 0, PUT(NULL, VOLATILE, 0, chain));
	chain = PUT("user", TYPE_TAG, 0, chain);
	STRUCTURE("s", 100, AT(0, "pointer", pointer(0)), AT(8, "chain", chain), AT(16, "int", i4),
		  AT(20, "bool", PUT("_Bool", INT, 0, 1, 4 << 24 | 8)),
		  AT(24, "enum", PUT("e", ENUM, 1, 4, name("one"), 1)),
		  AT(32, "enum64", PUT(NULL, ENUM64, 1, 8, name("two"), 2, 0)),
		  AT(40, "float", PUT("double", FLOAT, 0, 8)),
		  AT(48, "structure", STRUCTURE("t", 12, AT(0, "x", i8))),
		  AT(60, "union", MEMBERS("u", UNION, 4, AT(0, "x", i8))),
		  AT(64, "array", array(PUT("t3", TYPEDEF, 0, array(i8, 2)), 2)),
		  AT(96, "bytes", array(i1, 4)), AT(100, "flexible", array(i8, 0)));
	ready();

	MEMBERS_ARE("s", "pointer", "0:8 p", "chain", "8:8 i", "int", "16:4 i",
		    "bool", "20:1 i", "enum", "24:4 i", "enum64", "32:8 i",
		    "float", "40:8 i", "structure", "48:12 s", "union", "60:4 s",
		    "array", "64:32 a", "bytes", "96:4 a", "flexible", "100:0 a");
	/* Neither what only begins so, nor a member of a member, nor a name that is no structure's. */
	MEMBERS_FAIL("s", "ENOENT", "point", "pointers", "x");
	MEMBERS_FAIL("u", "ENOENT", "x");
	MEMBERS_FAIL("e", "ENOENT", "one");
	MEMBERS_FAIL("loff_t", "ENOENT", "x");
	MEMBERS_FAIL("ss", "ENOENT", "int");
	MEMBERS_FAIL("some integer", "ENOENT", "int");
}

static void test_anonymous_members(void **state)
{
	u32 inner, deep, i;

	(void)state;
	inner = STRUCTURE(NULL, 12, AT(4, "low", i4), AT(8, "high", i4));
	inner = MEMBERS(NULL, UNION, 12, AT(0, NULL, PUT(NULL, CONST, 0, inner)), AT(0, "whole", i4));
	/* With -fms-extensions an anonymous member may have a type of some name. */
	inner = STRUCTURE("named", 16, AT(0, "first", i4), AT(4, NULL, inner));
	STRUCTURE("s", 60, AT(0, "before", i4), AT(16, NULL, inner), AT(40, NULL, inner),
		  AT(32, "behind", i4));

	deep = STRUCTURE("innermost", 4, AT(0, "found", i4));
	for (i = 0; i < 16; i++)
		deep = STRUCTURE(i < 15 ? NULL : "deep", 4, AT(0, NULL, deep));
	STRUCTURE("deeper", 4, AT(0, NULL, deep));
	ready();

	MEMBERS_ARE("s", "before", "0:4 i", "first", "16:4 i", "whole", "20:4 i",
		    "low", "24:4 i", "high", "28:4 i", "behind", "32:4 i");
	MEMBERS_FAIL("s", "ENOENT", "absent", "");
	MEMBERS_FAIL("", "ENOENT", "low");
	MEMBERS_ARE("deep", "found", "0:4 i");
	MEMBERS_FAIL("deeper", "EINVAL", "found");
}

static void test_bitfields(void **state)
{
	(void)state;
	MEMBERS("flagged", STRUCT | KIND_FLAG, 1 << 22,
		{ "bit", i4, 1 << 24 | 0 }, { "wide", i4, 32 << 24 | 32 }, { "plain", i4, 64 },
		{ "far", i4, 0xfffff8 }, { NULL, i4, 5 << 24 | 3 }, { "odd", i4, 99 });
	/* The values of an enum are no members. */
	STRUCTURE("values", 4, AT(0, NULL, PUT(NULL, ENUM, 2, 4, name("value"), i4, 0, i4)));
	/* As it was before there was the flag: the integer says it. */
	MEMBERS("old", STRUCT, 1 << 26,
		{ "part", PUT("int", INT, 0, 4, 3), 0 },
		{ "shifted", PUT("int", INT, 0, 4, 8 << 16 | 32), 32 },
		{ "odd", i4, 65 }, { "far", i4, 0x10000000 },
		{ "signed", PUT("int", INT, 0, 4, 1 << 24 | 32), 96 });
	ready();

	MEMBERS_FAIL("flagged", "EINVAL", "bit", "wide", "odd");
	MEMBERS_ARE("flagged", "plain", "8:4 i", "far", "2097151:4 i");
	MEMBERS_FAIL("flagged", "ENOENT", "absent");
	MEMBERS_FAIL("values", "ENOENT", "value");
	MEMBERS_FAIL("old", "EINVAL", "part", "shifted", "odd");
	MEMBERS_ARE("old", "far", "33554432:4 i", "signed", "12:4 i");
}

static void test_structures_of_one_name(void **state)
{
	(void)state;
	STRUCTURE("s", 32, AT(0, "all", i4), AT(4, "offset", i4), AT(8, "size", i4),
		  AT(16, "kind", i8), AT(24, "first", i4));
	MEMBERS("s", UNION, 4, AT(0, "all", i8));
	PUT("s", FWD, 0, 0);
	FUNCTION("s", i4);
	STRUCTURE("t", 32, AT(0, "of t", i4));
	STRUCTURE("s", 64, AT(0, "all", PUT("u32", TYPEDEF, 0, i4)), AT(8, "offset", i4),
		  AT(8, "size", i8), AT(16, "kind", pointer(0)), AT(28, "last", i4));
	ready();

	MEMBERS_ARE("s", "all", "0:4 i");
	MEMBERS_FAIL("s", "ENOTUNIQ", "offset", "size", "kind", "first", "last");
	MEMBERS_FAIL("s", "ENOENT", "none");
	MEMBERS_ARE("t", "of t", "0:4 i");
}

static void test_prototypes(void **state)
{
	u32 ssize, s, nameless, type;

	(void)state;
	ssize = PUT("ssize_t", TYPEDEF, 0, i8);
	s = STRUCTURE("iomap_dio", 8, AT(0, "x", ssize));
	nameless = STRUCTURE(NULL, 24, AT(0, "x", ssize));
	FUNCTION("none", 0);
	FUNCTION("one", ssize, pointer(s));
	FUNCTION("two", i4, pointer(PUT("dio_t", TYPEDEF, 0, PUT(NULL, CONST, 0, s))), i4);
	FUNCTION("three", pointer(s), s, nameless, PUT("swp_entry_t", TYPEDEF, 0, nameless));
	FUNCTION("four", i4, pointer(0), pointer(i4), pointer(pointer(s)), pointer(PROTOTYPE(0)));
	FUNCTION("five", i4, PUT("e", ENUM, 0, 4), PUT("E", ENUM64, 0, 8), PUT("f", FLOAT, 0, 4),
		 PUT("u", UNION, 0, 4), PUT(NULL, UNION, 0, 4));
	FUNCTION("six", 0, i4, ssize, pointer(PUT("fwd", FWD, 0, 0)),
		 pointer(PUT("u", UNION, 0, 0)), pointer(nameless), PUT(NULL, VOLATILE, 0, ssize));
	FUNCTION("printk", i4, pointer(i1), 0);
	FUNCTION("many", i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4, i4);
	type = PROTOTYPE(i4, ssize);
	PUT("no function", TYPEDEF, 0, type);
	STRUCTURE("kiocb", 8, AT(0, "ki_complete", pointer(type)));
	/* Two of each name. */
	FUNCTION("same", i4, i8);
	FUNCTION("same", i4, ssize);
	FUNCTION("result", i4, i8);
	FUNCTION("result", i8, i8);
	FUNCTION("fewer", i4, i8, i8);
	FUNCTION("fewer", i4, i8);
	FUNCTION("more", i4, i8);
	FUNCTION("more", i4, i8, i8);
	/* What cannot be called so. */
	PUT("not", FUNC, 0, i4);
	PUT("not either", FUNC, 0, 0);
	FUNCTION("array", i4, array(i4, 1));
	FUNCTION("function", PROTOTYPE(0));
	FUNCTION("wrong", i4, pointer(100000));
	FUNCTION("wrong, too", i4, 100000);
	PUT("void", FUNC, 0, PUT(NULL, FUNC_PROTO, 1, i4, name("x"), 0));
	ready();

	FUNCTIONS_ARE("none", "()=v", "one", "(iomap_dio*)=8",
		      "two", "(iomap_dio*,4)=4", "three", "(iomap_dio,{24},{24})=iomap_dio*",
		      "four", "(*,*,*,*)=4", "five", "(4,8,f4,u,{4})=4",
		      "six", "(4,8,fwd*,u*,*,8)=v", "printk", "(*,...)=4",
		      "many", "(4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4)=4", "same", "(8)=4",
		      /* It is wrong, but no variable number of arguments. */
		      "void", "(v)=4");
	FUNCTIONS_FAIL("ENOTUNIQ", "result", "fewer", "more");
	FUNCTIONS_FAIL("ENOENT", "no function", "absent", "kiocb");
	FUNCTIONS_FAIL("EINVAL", "not", "not either", "array", "function", "wrong", "wrong, too");
}

static void test_small_texts(void **state)
{
	static const char expected[] = "(structure*,8,{4},f8)=union";
	size_t size;
	char *text;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++)
		FUNCTION("f", PUT("union", UNION, 0, 8),
			 pointer(STRUCTURE("structure", 0, AT(0, "x", i8))), i8,
			 PUT(NULL, UNION, 0, 4), PUT("double", FLOAT, 0, 8));
	ready();

	for (size = 0; size < sizeof(expected) + 2; size++) {
		text = malloc(size);
		if (size < sizeof(expected)) {
			assert_int_equal(diolate_btf_prototype(&m->btf, "f", text, size), -ENOSPC);
		} else {
			assert_int_equal(diolate_btf_prototype(&m->btf, "f", text, size), 0);
			assert_string_equal(text, expected);
		}
		free(text);
	}
}

static void test_split(void **state)
{
	u32 last, to_last;

	(void)state;
	STRUCTURE("s", 8, AT(0, "one", i4), AT(4, "two", i4));
	STRUCTURE("both", 8, AT(0, "same", i4), AT(4, "other", i4));
	FUNCTION("f", i4, i4);
	FUNCTION("g", i4, i4);
	last = STRUCTURE("last", 24, AT(0, "x", i4));
	ready();

	/* Without a name of its own, but with one of vmlinux. */
	begin(&module, &vmlinux);
	STRUCTURE(NULL, 4, { NULL, i4, 0 });
	m->types[0] = vmlinux.types[vmlinux.words - 6];
	ready();
	assert_int_equal(module.btf.strings_size, 0);
	MEMBERS_ARE("s", "two", "4:4 i");
	MEMBERS_FAIL("last", "ENOTUNIQ", "x");
	FUNCTIONS_ARE("f", "(4)=4");

	begin(&module, &vmlinux);
	STRUCTURE("own", 40, AT(8, "last", last), AT(0, "pointer", pointer(last)));
	to_last = pointer(last);
	FUNCTION("xfs_end_bio", 0, to_last, PUT(NULL, CONST, 0, to_last), last);
	STRUCTURE("both", 8, AT(0, "same", integer(4)), AT(0, "other", i4));
	FUNCTION("g", i4, pointer(0));
	FUNCTION("f", i4, i4);
	ready();
	MEMBERS_ARE("own", "last", "8:24 s", "pointer", "0:8 p");
	MEMBERS_ARE("both", "same", "0:4 i");
	MEMBERS_FAIL("both", "ENOTUNIQ", "other");
	MEMBERS_ARE("s", "two", "4:4 i");
	MEMBERS_ARE("last", "x", "0:4 i");
	FUNCTIONS_ARE("xfs_end_bio", "(last*,last*,last)=v", "f", "(4)=4");
	FUNCTIONS_FAIL("ENOTUNIQ", "g");
	m = &vmlinux;
	MEMBERS_ARE("both", "other", "4:4 i");
	MEMBERS_FAIL("own", "ENOENT", "last");
	FUNCTIONS_FAIL("ENOENT", "xfs_end_bio");
}

/* What lies behind a type of each kind is found where it is. */
static void test_kinds(void **state)
{
	static const struct {
		u32 once, each;
	} words[KINDS] = {
		[INT] = { 1, 0 }, [ARRAY] = { 3, 0 }, [STRUCT] = { 0, 3 }, [UNION] = { 0, 3 },
		[ENUM] = { 0, 2 }, [FUNC_PROTO] = { 0, 2 }, [VAR] = { 1, 0 }, [DATASEC] = { 0, 3 },
		[DECL_TAG] = { 1, 0 }, [ENUM64] = { 0, 3 },
	};
	static u32 zero[0x20002];
	u32 kind, members;
	bool is_known;

	(void)state;
	for (kind = 0; kind < 0x80; kind++) {
		is_known = kind && kind < KINDS;
		for (members = 0; members < 4; members++) {
			begin(&vmlinux, NULL);
			put(NULL, kind, members, 0,
			    is_known ? words[kind].once + members * words[kind].each : 0, zero);
			STRUCTURE("s", 8, AT(4, "x", integer(4)));
			lay_out();
			assert_int_equal(init(), is_known ? 0 : -EINVAL);
			if (is_known)
				MEMBERS_ARE("s", "x", "4:4 i");
		}
	}
	/* More than 16 bits of them, as in 7.2. */
	begin(&vmlinux, NULL);
	put("values", ENUM, 0x10001, 4, ARRAY_SIZE(zero), zero);
	STRUCTURE("s", 8, AT(4, "x", integer(4)));
	ready();
	MEMBERS_ARE("s", "x", "4:4 i");
}

/* What is wrong, and does not hold for long. */
static void test_hostile(void **state)
{
	struct member wide[64] = { 0 };
	u32 self, i, n, huge;

	(void)state;
	huge = array(i1, 0xffffffff);
	self = m->next;
	PUT("self", TYPEDEF, 0, self);
	PUT("there", CONST, 0, self + 2);
	PUT("back", CONST, 0, self + 1);
	array(self + 3, 1);
	STRUCTURE("anonymous self", 4, AT(0, NULL, self + 4), AT(0, "x", i4));
	for (i = 0; i < ARRAY_SIZE(wide); i++)
		wide[i].type = self + 5;
	put_members("wide", STRUCT, 4, ARRAY_SIZE(wide), wide);
	/* Not deeper than it may be, but no one could look at all of it. */
	for (i = 0; i < 10; i++) {
		for (n = 0; n < ARRAY_SIZE(wide); n++)
			wide[n].type = i ? m->next - 1 : i4;
		put_members("many", STRUCT, 4, ARRAY_SIZE(wide), wide);
	}
	STRUCTURE("s", 0xffffffff, AT(0, "self", self), AT(0, "circle", self + 1),
		  AT(0, "array of self", self + 3), AT(0, "absent type", 100000), AT(0, "void", 0),
		  AT(0, "function", PROTOTYPE(0)), AT(0, "unknown", PUT("fwd", FWD, 0, 0)),
		  AT(0, "variable", PUT("v", VAR, 0, i4, 0)),
		  AT(0, "huge", huge), AT(8, "too huge", huge), AT(0, "2^32", array(i4, 0x40000000)),
		  AT(0, "2^62", array(array(i4, 0xffffffff), 0xffffffff)),
		  AT(0, "2^64", array(array(array(i4, 0x80000000), 0x80000000), 4)));
	STRUCTURE("small", 8, AT(4, "fits", i4), AT(5, "does not", i4),
		  AT(8, "none", array(i4, 0)), AT(9, "behind", array(i4, 0)));
	STRUCTURE("unknown", 8, AT(0, NULL, self), AT(0, "x", i4));
	STRUCTURE("nothing", 8, AT(0, NULL, 0), AT(0, NULL, i4), AT(0, "x", i4));
	PUT("names", STRUCT, 3, 8, 0xffffffff, i4, 0, 4096, i4, 0, name("x"), i4, 0);
	FUNCTION("f", self, i4);
	FUNCTION("g", i4, self + 1);
	FUNCTION("h", i4, pointer(self));
	ready();

	MEMBERS_FAIL("anonymous self", "EINVAL", "x");
	MEMBERS_FAIL("wide", "EINVAL", "x");
	MEMBERS_FAIL("many", "EINVAL", "x");
	MEMBERS_FAIL("s", "EINVAL", "self", "circle", "array of self", "absent type", "void",
		     "function", "unknown", "variable", "too huge", "2^32", "2^62", "2^64");
	MEMBERS_ARE("s", "huge", "0:4294967295 a");
	MEMBERS_ARE("small", "fits", "4:4 i", "none", "8:0 a");
	MEMBERS_FAIL("small", "EINVAL", "does not", "behind");
	MEMBERS_FAIL("unknown", "EINVAL", "x");
	MEMBERS_ARE("nothing", "x", "0:4 i");
	MEMBERS_ARE("names", "x", "0:4 i");
	FUNCTIONS_FAIL("EINVAL", "f", "g", "h");
}

/* Names that have no end, as many as there are types, and as long as all names. */
static void test_long_names(void **state)
{
	char text[200];

	(void)state;
	memset(text, 'n', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	FUNCTION("f", i4, pointer(STRUCTURE(text, 4, AT(0, text, i4))));
	/* They have a hash in common, but no name. */
	text[100] = 'o';
	STRUCTURE(text, 8, AT(4, text, i4));
	ready();
	MEMBERS_ARE(text, text, "4:4 i");
	FUNCTIONS_FAIL("ENOSPC", "f");
	text[100] = 'n';
	MEMBERS_ARE(text, text, "0:4 i");
	text[100] = 'p';
	MEMBERS_FAIL(text, "ENOENT", text);
}

/* A small one with something of everything, and a module to it. */
static void make_both(void)
{
	u32 loff, s, anonymous;

	begin_vmlinux(NULL);
	loff = PUT("loff_t", TYPEDEF, 0, i8);
	anonymous = MEMBERS(NULL, UNION, 8,
			    AT(0, NULL, STRUCTURE(NULL, 8, AT(4, "deep", i4))), AT(0, "a", loff));
	s = MEMBERS("s", STRUCT | KIND_FLAG, 40, { "b", i4, 3 << 24 | 1 }, AT(8, NULL, anonymous),
		    AT(16, "array", array(PUT(NULL, CONST, 0, i4), 2)),
		    AT(24, "call", pointer(PROTOTYPE(loff, i4, 0))), AT(32, "pointer", pointer(0)));
	FUNCTION("f", loff, pointer(s), PUT("e", ENUM, 1, 4, name("one"), 1), s, anonymous);
	PUT("g", FUNC, 0, m->next - 2);
	PUT("fwd", FWD, 0, 0);
	PUT(NULL, RESTRICT, 0, pointer(PUT(NULL, VOLATILE, 0, i4)));
	PUT(".data", DATASEC, 1, 4, PUT("v", VAR, 0, i4, 1), 0, 4);
	PUT("double", FLOAT, 0, 8);
	PUT("tag", DECL_TAG, 0, s, 0xffffffff);
	PUT("tag", TYPE_TAG, 0, i4);
	PUT("e64", ENUM64, 1, 8, name("two"), 2, 0);
	ready();

	begin(&module, &vmlinux);
	STRUCTURE("t", 48, AT(0, "s", s), AT(40, "deep", pointer(PUT("fwd", FWD, 0, 0))));
	FUNCTION("h", 0, pointer(m->next - 1), loff, s);
	STRUCTURE("s", 40, AT(12, "deep", i4));
	ready();
}

static bool is_known(int err)
{
	return !err || err == -ENOENT || err == -EINVAL || err == -ENOTUNIQ || err == -ENOSPC;
}

static void look_up_all(const struct diolate_btf *btf)
{
	static const char *const names[] = {
		"s", "t", "f", "g", "h", "b", "deep", "a", "array", "call", "pointer", ""
	};
	struct diolate_btf_place place;
	size_t i, j, size;
	char *text;
	int err;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			err = diolate_btf_member(btf, names[i], names[j], &place);
			assert_true(is_known(err) && err != -ENOSPC);
		}
		for (size = 7; size < 60; size += 43) {
			text = malloc(size);
			err = diolate_btf_prototype(btf, names[i], text, size);
			assert_true(is_known(err));
			assert_true(err || strlen(text) < size);
			free(text);
		}
	}
}

/* Of a copy of what is in @made, which may not even be initialized. */
static int try(const struct made *made, const unsigned char *data, size_t size)
{
	unsigned char *copy = malloc(size);
	struct diolate_btf btf;
	int err;

	memcpy(copy, data, size);
	err = diolate_btf_init(&btf, copy, size, made->base ? &made->base->btf : NULL);
	if (!err)
		look_up_all(&btf);
	diolate_btf_free(&btf);
	free(copy);
	return err;
}

static void test_each_length(void **state)
{
	const struct made *const both[] = { &vmlinux, &module };
	size_t i, cut, n;
	u32 *head;

	(void)state;
	make_both();
	look_up_all(&vmlinux.btf);
	look_up_all(&module.btf);
	for (i = 0; i < 2; i++) {
		for (n = 0; n < both[i]->size; n++)
			assert_int_equal(try(both[i], both[i]->data, n), -EINVAL);
		assert_int_equal(try(both[i], both[i]->data, n), 0);
		/* The header says so, too; cut within a type they are refused. */
		head = (u32 *)both[i]->data;
		cut = head[3];
		for (n = 0; n <= cut; n++) {
			head[3] = n;
			try(both[i], both[i]->data, both[i]->size);
		}
		cut = head[5];
		for (n = 0; n <= cut; n++) {
			head[5] = n;
			assert_int_equal(try(both[i], both[i]->data, both[i]->size),
					 (n ? both[i]->data[both[i]->size - cut + n - 1] : !i) ? -EINVAL : 0);
		}
	}
}

static void test_each_byte(void **state)
{
	static const unsigned char changes[] = {
		0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff, 0x7f
	};
	struct made *const both[] = { &vmlinux, &module };
	unsigned char *byte, before;
	size_t i, j, n;

	(void)state;
	make_both();
	for (i = 0; i < 2; i++) {
		for (n = 0; n < both[i]->size; n++) {
			byte = &both[i]->data[n];
			before = *byte;
			for (j = 0; j < ARRAY_SIZE(changes); j++) {
				*byte = before ^ changes[j];
				try(both[i], both[i]->data, both[i]->size);
				*byte = changes[j];
				try(both[i], both[i]->data, both[i]->size);
			}
			*byte = 0;
			try(both[i], both[i]->data, both[i]->size);
			*byte = before;
		}
	}
}

/* Each field of the header, the last ones as they would be at the end of what a number can say. */
static void test_headers(void **state)
{
	static const struct {
		unsigned int word;
		u32 value;
	} wrong[] = {
		{ 0, 0x19feb }, { 0, 0x2eb9f }, { 0, 0xeb9f }, { 0, 0x101eb9f }, { 0, 0x1eb9e },
		{ 0, 0x9feb0100 }, { 1, 0 }, { 1, 20 }, { 1, 26 }, { 1, 28 }, { 1, 0xfffffffc },
		{ 2, 4 }, { 2, 2 }, { 2, 0xfffffffc }, { 3, 0xfffffffc }, { 3, 8 },
		{ 4, 0xffffffff }, { 5, 0xffffffff }, { 5, 0 },
	};
	u32 *head;
	size_t i;

	(void)state;
	make_both();
	m = &vmlinux;
	head = (u32 *)m->data;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		u32 before = head[wrong[i].word];

		head[wrong[i].word] = wrong[i].value;
		assert_int_equal(try(m, m->data, m->size), -EINVAL);
		head[wrong[i].word] = before;
	}
	/* It is shorter. */
	head[1] -= 4;
	head[2] += 4;
	head[4] += 4;
	assert_int_equal(try(m, m->data, m->size), -EINVAL);

	/* A longer one, as in 7.2, with the names before the types. */
	diolate_btf_free(&m->btf);
	lay_out_as(8, true);
	assert_int_equal(init(), 0);
	MEMBERS_ARE("s", "deep", "12:4 i");
	FUNCTIONS_ARE("f", "(s*,4,s,{8})=8");
	/* Of the last type, six words, not all is there, and nothing behind it. */
	head = (u32 *)m->data;
	for (i = 1; i < 6; i++) {
		assert_int_equal(try(m, m->data, m->size - i * 4), -EINVAL);
		head[3] -= i * 4;
		assert_int_equal(try(m, m->data, m->size - i * 4), -EINVAL);
		head[3] += i * 4;
	}
	head[3] -= 6 * 4;
	assert_int_equal(try(m, m->data, m->size - 6 * 4), 0);
	head[3] += 6 * 4;
	/* The types must lie on a word boundary, wherever the names are, and whatever is behind them. */
	m->data = realloc(m->data, m->size + 4);
	memset(m->data + m->size, 0, 4);
	head = (u32 *)m->data;
	for (i = 1; i < 4; i++) {
		head[i]++;
		assert_int_equal(try(m, m->data, m->size + 4), -EINVAL);
		head[i]--;
	}
	assert_int_equal(try(m, m->data, m->size + 4), 0);

	/* None at all, but for the name that is none. */
	begin(&vmlinux, NULL);
	ready();
	MEMBERS_FAIL("s", "ENOENT", "deep");
	MEMBERS_FAIL("", "ENOENT", "");
}

static void test_no_memory(void **state)
{
	(void)state;
	make_both();
	kvcalloc_fails = true;
	assert_int_equal(try(&vmlinux, vmlinux.data, vmlinux.size), -ENOMEM);
	kvcalloc_fails = false;
	assert_int_equal(try(&vmlinux, vmlinux.data, vmlinux.size), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin_vmlinux, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_members),
		TEST(test_anonymous_members),
		TEST(test_bitfields),
		TEST(test_structures_of_one_name),
		TEST(test_prototypes),
		TEST(test_small_texts),
		TEST(test_split),
		TEST(test_kinds),
		TEST(test_hostile),
		TEST(test_long_names),
		TEST(test_headers),
		TEST(test_no_memory),
		TEST(test_each_length),
		TEST(test_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
