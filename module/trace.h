/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracepoint for each command that changes something; for each VMA that mmap() makes
 * (kshm_vma_map), each copy or split of one (kshm_vma_open) and each close
 * (kshm_vma_close); and for two steps of a segment's life, whatever causes them: it is
 * marked (kshm_mark), and it ends (kshm_end). To record them, say "trace-cmd record -e
 * kshm", or write 1 to /sys/kernel/tracing/events/kshm/enable and read trace_pipe.
 *
 * An id names a segment within its IPC namespace only, so most events also have the
 * address of the segment or of the registry. Text shows addresses hashed, unless 0 is
 * written to /sys/kernel/tracing/options/hash-ptr.
 *
 * DEFINE_EVENT(class, kshm_NAME, ...) declares trace_kshm_NAME(). main.c defines
 * CREATE_TRACE_POINTS, which puts the code of all of them there.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kshm

#if !defined(_KSHM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KSHM_TRACE_H

#include <linux/nsproxy.h>
#include <linux/tracepoint.h>

/*
 * Lookups find the segment by now, so what SET and GROW change can be newer than the
 * creation. The creator is also the first owner.
 */
TRACE_EVENT(kshm_create,
	TP_PROTO(const struct kshm_segment *segment),
	TP_ARGS(segment),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(int,		key)
		__field(size_t,		size)
		__field(unsigned int,	mode)
		__field(unsigned int,	lifetime)
		__field(unsigned int,	uid)
		__field(unsigned int,	gid)
		__field(unsigned int,	ns)
		__field(const void *,	registry)
		__field(const void *,	segment)
		__field(const void *,	file)
		__field(const void *,	inode)
		__dynamic_array(char,	name, kshm_escaped_size(segment->name))
	),
	TP_fast_assign(
		__entry->id = segment->id;
		__entry->key = segment->created_key;
		__entry->size = READ_ONCE(segment->size);
		__entry->mode = READ_ONCE(segment->mode);
		__entry->lifetime = segment->lifetime & ~KSHM_FORCIBLE;
		__entry->uid = from_kuid(&init_user_ns, segment->cuid);
		__entry->gid = from_kgid(&init_user_ns, segment->cgid);
		__entry->ns = current->nsproxy->ipc_ns->ns.inum;
		__entry->registry = segment->registry;
		__entry->segment = segment;
		__entry->file = segment->file;
		__entry->inode = segment->inode;
		kshm_escape_name(__get_str(name), segment->name);
	),
	TP_printk("id=%d key=0x%08x size=%zu mode=0%o lifetime=0x%x uid=%u gid=%u ns=%u registry=%p segment=%p file=%p inode=%p name=%s",
		  __entry->id, __entry->key, __entry->size, __entry->mode,
		  __entry->lifetime, __entry->uid, __entry->gid, __entry->ns,
		  __entry->registry, __entry->segment, __entry->file,
		  __entry->inode, __get_str(name))
);

DECLARE_EVENT_CLASS(kshm_life,
	TP_PROTO(const struct kshm_segment *segment),
	TP_ARGS(segment),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(int,		key)
		__field(size_t,		size)
		__field(const void *,	segment)
	),
	TP_fast_assign(
		__entry->id = segment->id;
		__entry->key = segment->created_key;
		__entry->size = segment->size;
		__entry->segment = segment;
	),
	TP_printk("id=%d key=0x%08x size=%zu segment=%p", __entry->id,
		  __entry->key, __entry->size, __entry->segment)
);

DEFINE_EVENT(kshm_life, kshm_grow,
	TP_PROTO(const struct kshm_segment *segment), TP_ARGS(segment));
DEFINE_EVENT(kshm_life, kshm_mark,
	TP_PROTO(const struct kshm_segment *segment), TP_ARGS(segment));
DEFINE_EVENT(kshm_life, kshm_end,
	TP_PROTO(const struct kshm_segment *segment), TP_ARGS(segment));

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

DECLARE_EVENT_CLASS(kshm_vma,
	TP_PROTO(const struct kshm_segment *segment,
		 const struct vm_area_struct *vma),
	TP_ARGS(segment, vma),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(unsigned long,	start)
		__field(unsigned long,	len)
		__field(unsigned long,	pgoff)
		__field(unsigned long,	flags)
		__field(const void *,	mm)
		__field(const void *,	file)
		__field(const void *,	segment)
	),
	TP_fast_assign(
		__entry->id = segment->id;
		__entry->start = vma->vm_start;
		__entry->len = vma->vm_end - vma->vm_start;
		__entry->pgoff = vma->vm_pgoff;
		__entry->flags = vma->vm_flags;
		__entry->mm = vma->vm_mm;
		__entry->file = vma->vm_file;
		__entry->segment = segment;
	),
	TP_printk("id=%d start=0x%lx len=0x%lx pgoff=%lu flags=0x%lx mm=%p file=%p segment=%p",
		  __entry->id, __entry->start, __entry->len, __entry->pgoff,
		  __entry->flags, __entry->mm, __entry->file, __entry->segment)
);

DEFINE_EVENT(kshm_vma, kshm_vma_map,
	TP_PROTO(const struct kshm_segment *segment,
		 const struct vm_area_struct *vma), TP_ARGS(segment, vma));
DEFINE_EVENT(kshm_vma, kshm_vma_open,
	TP_PROTO(const struct kshm_segment *segment,
		 const struct vm_area_struct *vma), TP_ARGS(segment, vma));
DEFINE_EVENT(kshm_vma, kshm_vma_close,
	TP_PROTO(const struct kshm_segment *segment,
		 const struct vm_area_struct *vma), TP_ARGS(segment, vma));

TRACE_EVENT(kshm_set,
	TP_PROTO(const struct kshm_ctx *ctx, const struct kshm_set *set, int err),
	TP_ARGS(ctx, set, err),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(unsigned int,	flags)
		__field(int,		err)
		__field(unsigned int,	mode)
		__field(unsigned int,	uid)
		__field(unsigned int,	gid)
		__field(const void *,	registry)
	),
	TP_fast_assign(
		__entry->id = set->id;
		__entry->flags = set->mask;
		__entry->err = err;
		__entry->mode = set->mode;
		__entry->uid = set->uid;
		__entry->gid = set->gid;
		__entry->registry = ctx->registry;
	),
	TP_printk("id=%d flags=0x%x err=%d mode=0%o uid=%u gid=%u registry=%p",
		  __entry->id, __entry->flags, __entry->err, __entry->mode,
		  __entry->uid, __entry->gid, __entry->registry)
);

DECLARE_EVENT_CLASS(kshm_change,
	TP_PROTO(const struct kshm_ctx *ctx, int id, unsigned int flags, int err),
	TP_ARGS(ctx, id, flags, err),
	TP_STRUCT__entry(
		__field(int,		id)
		__field(unsigned int,	flags)
		__field(int,		err)
		__field(const void *,	registry)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->flags = flags;
		__entry->err = err;
		__entry->registry = ctx->registry;
	),
	TP_printk("id=%d flags=0x%x err=%d registry=%p", __entry->id,
		  __entry->flags, __entry->err, __entry->registry)
);

DEFINE_EVENT(kshm_change, kshm_rmid,
	TP_PROTO(const struct kshm_ctx *ctx, int id, unsigned int flags, int err),
	TP_ARGS(ctx, id, flags, err));
DEFINE_EVENT(kshm_change, kshm_lock,
	TP_PROTO(const struct kshm_ctx *ctx, int id, unsigned int flags, int err),
	TP_ARGS(ctx, id, flags, err));
DEFINE_EVENT(kshm_change, kshm_fd,
	TP_PROTO(const struct kshm_ctx *ctx, int id, unsigned int flags, int err),
	TP_ARGS(ctx, id, flags, err));

DECLARE_EVENT_CLASS(kshm_object,
	TP_PROTO(const char *name, unsigned int flags, int err),
	TP_ARGS(name, flags, err),
	TP_STRUCT__entry(
		__dynamic_array(char,	name, kshm_escaped_size(name))
		__field(unsigned int,	flags)
		__field(int,		err)
	),
	TP_fast_assign(
		kshm_escape_name(__get_str(name), name);
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
