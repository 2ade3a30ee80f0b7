/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracepoint for each command that changes something, for each copy or split of a
 * VMA (kshm_vma_open), for each close (kshm_vma_close), and for the end of a segment,
 * whatever caused it (kshm_end). To record them, say "trace-cmd record -e kshm", or
 * write 1 to /sys/kernel/tracing/events/kshm/enable and read trace_pipe.
 *
 * DEFINE_EVENT(class, kshm_NAME, ...) declares trace_kshm_NAME(). main.c defines
 * CREATE_TRACE_POINTS, which puts the code of all of them there.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kshm

#if !defined(_KSHM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KSHM_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(kshm_life,
	TP_PROTO(int id, int key, size_t size),
	TP_ARGS(id, key, size),
	TP_STRUCT__entry(
		__field(int,	id)
		__field(int,	key)
		__field(size_t,	size)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->key = key;
		__entry->size = size;
	),
	TP_printk("id=%d key=0x%08x size=%zu", __entry->id, __entry->key,
		  __entry->size)
);

DEFINE_EVENT(kshm_life, kshm_create,
	TP_PROTO(int id, int key, size_t size), TP_ARGS(id, key, size));
DEFINE_EVENT(kshm_life, kshm_grow,
	TP_PROTO(int id, int key, size_t size), TP_ARGS(id, key, size));
DEFINE_EVENT(kshm_life, kshm_end,
	TP_PROTO(int id, int key, size_t size), TP_ARGS(id, key, size));

DECLARE_EVENT_CLASS(kshm_range,
	TP_PROTO(int id, unsigned long start, unsigned long len),
	TP_ARGS(id, start, len),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(unsigned long,	start)
		__field(unsigned long,	len)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->start = start;
		__entry->len = len;
	),
	TP_printk("id=%d start=0x%lx len=0x%lx", __entry->id, __entry->start,
		  __entry->len)
);

DEFINE_EVENT(kshm_range, kshm_attach,
	TP_PROTO(int id, unsigned long start, unsigned long len),
	TP_ARGS(id, start, len));
DEFINE_EVENT(kshm_range, kshm_detach,
	TP_PROTO(int id, unsigned long start, unsigned long len),
	TP_ARGS(id, start, len));
DEFINE_EVENT(kshm_range, kshm_vma_open,
	TP_PROTO(int id, unsigned long start, unsigned long len),
	TP_ARGS(id, start, len));
DEFINE_EVENT(kshm_range, kshm_vma_close,
	TP_PROTO(int id, unsigned long start, unsigned long len),
	TP_ARGS(id, start, len));

DECLARE_EVENT_CLASS(kshm_change,
	TP_PROTO(int id, unsigned int flags, int err),
	TP_ARGS(id, flags, err),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(unsigned int,	flags)
		__field(int,		err)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->flags = flags;
		__entry->err = err;
	),
	TP_printk("id=%d flags=0x%x err=%d", __entry->id, __entry->flags,
		  __entry->err)
);

DEFINE_EVENT(kshm_change, kshm_set,
	TP_PROTO(int id, unsigned int flags, int err), TP_ARGS(id, flags, err));
DEFINE_EVENT(kshm_change, kshm_rmid,
	TP_PROTO(int id, unsigned int flags, int err), TP_ARGS(id, flags, err));
DEFINE_EVENT(kshm_change, kshm_lock,
	TP_PROTO(int id, unsigned int flags, int err), TP_ARGS(id, flags, err));
DEFINE_EVENT(kshm_change, kshm_fd,
	TP_PROTO(int id, unsigned int flags, int err), TP_ARGS(id, flags, err));

DECLARE_EVENT_CLASS(kshm_object,
	TP_PROTO(const char *name, unsigned int flags, int err),
	TP_ARGS(name, flags, err),
	TP_STRUCT__entry(
		__dynamic_array(char,	name,
				strlen(name) * KSHM_NAME_ESCAPED_LEN + 1)
		__field(unsigned int,	flags)
		__field(int,		err)
	),
	TP_fast_assign(
		char *text = __get_dynamic_array(name);
		int len = string_escape_mem(name, strlen(name), text,
					    __get_dynamic_array_len(name),
					    KSHM_NAME_ESCAPE, KSHM_NAME_ESCAPED);

		text[len] = '\0';
		__entry->flags = flags;
		__entry->err = err;
	),
	TP_printk("name=%s flags=0x%x err=%d", __get_str(name), __entry->flags,
		  __entry->err)
);

DEFINE_EVENT(kshm_object, kshm_open,
	TP_PROTO(const char *name, unsigned int flags, int err),
	TP_ARGS(name, flags, err));
DEFINE_EVENT(kshm_object, kshm_unlink,
	TP_PROTO(const char *name, unsigned int flags, int err),
	TP_ARGS(name, flags, err));

#endif /* _KSHM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
