/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a segment, as module/segment.c, lookup.c, registry.c, get.c,
 * attach.c, ctl.c and vma.c have it.
 *
 * Some tasks each open the device, do one command and close the device. A task
 * that has attached a segment then unmaps it. Meanwhile the namespace may end,
 * and the module may be unloaded. Segment 1 exists from the beginning. There is
 * one key; all segments that GET creates have it.
 *
 * The model leaves out permissions, limits, names (they are handled as keys are)
 * and errors for lack of memory, except that there are few structs.
 */
#define TASKS		3
#define SEGMENTS	3	/* structs; the numbers 1 to SEGMENTS are their ids */
#define INDEXES		2
#define NONE		0

mtype = { GET, ATTACH, RMID, STAT, INFO };

typedef segment_struct {
	bool locked;		/* ->lock */
	byte ref;
	byte nattch;
	bool dead;
	bool dest;
	bool hashed;
	bool lpid;		/* not NULL */
	bool transient;
	byte index;		/* lower part of its id */
	byte idle;		/* an attach file that it keeps, which stands for its pool */

	bool built;
	bool pages;		/* its backing file is open */
	bool queued;		/* given to kfree_rcu() */
	byte waits;		/* readers that kfree_rcu() waits for, one bit each */
	bool freed;		/* its struct is */
	byte vmas;		/* VMAs that map it */
};

typedef file_struct {
	byte segment;		/* ->private_data */
	byte count;
	byte attaches;		/* ATTACH commands and VMAs that use it */
};

segment_struct segment[SEGMENTS + 1];
file_struct file[TASKS + 1];	/* each task makes one at most */

/* struct kshm_registry */
bool registry_locked;
byte ids[INDEXES];
byte key;

byte readers;			/* tasks in an RCU read-side section, one bit each */
byte module_refs;
bool loaded = true;		/* the module's text is there */
bool going;			/* rmmod has begun; opening the device fails */
byte commands;			/* open descriptors of the device */
bool namespace_ended;
bool ending;			/* ns.c: ns_end_work() is queued or runs */
byte done;			/* tasks that have ended */

/*
 * The locks. Each step of a task that is in the module's text, or that uses a
 * segment's struct, shows that both are still there.
 */

inline lock_segment(s)
{
	atomic {
		!segment[s].locked ->
		in_module(); uses(s);
		segment[s].locked = true
	}
}

inline unlock_segment(s)
{
	uses(s);
	segment[s].locked = false
}

inline lock_registry()
{
	atomic { !registry_locked -> in_module(); registry_locked = true }
}

inline unlock_registry()
{
	d_step { in_module(); registry_locked = false }
}

inline in_module()
{
	assert(loaded)			/* property: text_stays_while_it_runs */
}

inline uses(s)
{
	assert(!segment[s].freed)	/* property: freed_struct_is_not_used */
}

/* RCU: a struct is freed when the readers that could know it have left. */

inline rcu_read_lock()
{
	in_module();
	readers = readers | (1 << me)
}

inline rcu_read_unlock()
{
	in_module();
	readers = readers & ~(1 << me);
	segment[1].waits = segment[1].waits & readers;
	segment[2].waits = segment[2].waits & readers;
	segment[3].waits = segment[3].waits & readers
}

inline kfree_rcu(s)
{
	segment[s].waits = readers;
	segment[s].queued = true
}

#define CAN_BE_FREED(s)	(segment[s].queued && !segment[s].waits)
#define NOTHING_QUEUED	(!segment[1].queued && !segment[2].queued && \
			 !segment[3].queued)

inline rcu_callback(s)
{
	segment[s].queued = false;
	segment[s].freed = true
}

proctype rcu()
{
end:	do
	:: d_step { CAN_BE_FREED(1) -> rcu_callback(1) }
	:: d_step { CAN_BE_FREED(2) -> rcu_callback(2) }
	:: d_step { CAN_BE_FREED(3) -> rcu_callback(3) }
	od
}

/* registry.c: kshm_registry_unhash(). Both locks are held. */
inline unhash(s)
{
	if
	:: segment[s].hashed ->
		key = NONE;
		segment[s].hashed = false
	:: else
	fi
}

/* registry.c: kshm_registry_remove(). The registry is locked. */
inline registry_remove(s)
{
	d_step {
		in_module(); uses(s);
		assert(segment[s].dead && !segment[s].hashed); /* property: removed_is_dead_and_unhashed */
		assert(ids[segment[s].index] == s);	/* property: removed_once */
		ids[segment[s].index] = NONE
	}
}

/* segment.c: segment_dies(), segment_transient_is_over(). The segment is locked. */
inline dies(s)
{
	died = false;
	if
	:: !segment[s].nattch && (segment[s].dest ||
				  segment[s].transient && segment[s].lpid) ->
		assert(!segment[s].dead);	/* property: dies_once */
		segment[s].dead = true;
		died = true
	:: else
	fi
}

/* segment.c: kshm_segment_mark(). Both locks are held. */
inline mark(s)
{
	unhash(s);
	segment[s].dest = true;
	dies(s)
}

/* segment.c: segment_free(), called by the last kshm_segment_put() */
inline segment_free(s)
{
	d_step {
		in_module(); uses(s);
		segment[s].pages = false;
		kfree_rcu(s)
	}
	module_refs--;		/* module_put() */
	in_module()		/* returns to its caller */
}

/* segment.c: kshm_segment_put() */
inline segment_put(s)
{
	d_step {
		in_module(); uses(s);
		segment[s].ref--;
		last = !segment[s].ref
	}
	if
	:: last -> segment_free(s)
	:: else
	fi
}

/*
 * fput() of an attach file: the last one calls vma.c: kshm_attach_file_release(),
 * and then the kernel puts the module.
 */
inline fput(f)
{
	d_step { file[f].count--; last = !file[f].count }
	if
	:: last ->
		its = file[f].segment;
		segment_put(its);
		d_step { its = NONE; file[f].segment = NONE; module_refs-- }
	:: else
	fi
}

/* segment.c: kshm_segment_destroy() */
inline destroy(s)
{
	d_step {
		in_module(); uses(s);
		assert(!segment[s].vmas);	/* property: mapped_segment_is_not_destroyed */
		idle = segment[s].idle
	}
	if
	:: idle != NONE -> fput(idle); idle = NONE
	:: else
	fi;
	segment_put(s)
}

/* segment.c: segment_end() */
inline segment_end(s)
{
	lock_registry();
	lock_segment(s);
	d_step { unhash(s); unlock_segment(s) }
	registry_remove(s);
	unlock_registry();
	destroy(s)
}

/* segment.c: segment_uncount() */
inline uncount(s, detached)
{
	lock_segment(s);
	d_step {
		assert(segment[s].nattch > 0);	/* property: count_is_not_negative */
		segment[s].nattch--;
		segment[s].lpid = segment[s].lpid || detached;
		dies(s);
		unlock_segment(s)
	}
	if
	:: died -> segment_end(s)
	:: else
	fi
}

/* segment.c: kshm_segment_open(). Sets refused for a dead segment. */
inline segment_open(s)
{
	lock_segment(s);
	d_step {
		refused = segment[s].dead;
		if
		:: !refused ->
			assert(!segment[s].dead); /* property: dead_stays_unattached */
			segment[s].nattch++;
			segment[s].lpid = true
		:: else
		fi;
		unlock_segment(s)
	}
}

/*
 * lookup.c: lookup_by_id() and lookup_lock(). Returns with s locked under RCU; or
 * s is NONE, and neither is held.
 */
inline lookup_id(id)
{
	d_step { rcu_read_lock(); s = ids[segment[id].index] }
	if
	:: s != NONE && s == id ->
		lock_segment(s);
		if
		:: segment[s].dead ->
			d_step { unlock_segment(s); s = NONE; rcu_read_unlock() }
		:: else ->
			assert(s == id)	/* property: id_leads_to_its_segment */
		fi
	:: else ->
		d_step { s = NONE; rcu_read_unlock() }
	fi
}

/* kshm.h: kshm_segment_unlock() */
inline segment_unlock(s)
{
	d_step { unlock_segment(s); rcu_read_unlock() }
}

/* get.c: get_find(), lookup.c: lookup_lock_hashed(). Sets found. */
inline get_find()
{
	d_step { rcu_read_lock(); s = key; found = false }
	if
	:: s != NONE ->
		lock_segment(s);
		d_step {
			found = segment[s].hashed && !segment[s].dead;
			if
			:: found ->
				assert(!segment[s].dest && !segment[s].dead) /* property: found_by_key_is_alive */
			:: else
			fi;
			unlock_segment(s)
		}
	:: else
	fi;
	d_step { s = NONE; rcu_read_unlock() }
}

/* registry.c: registry_hash(). The registry is locked. Sets exists. */
inline registry_hash(s)
{
	lock_segment(s);
	d_step {
		exists = key != NONE;
		if
		:: !exists ->
			key = s;
			segment[s].hashed = true;
			ids[segment[s].index] = s
		:: else
		fi;
		unlock_segment(s)
	}
}

/* registry.c: registry_steal_from_dead(). The registry is locked. */
inline steal_from_dead()
{
	d_step {
		rcu_read_lock();
		other = key;
		assert(other != NONE)	/* property: taken_key_has_a_segment */
	}
	lock_segment(other);
	d_step {
		stolen = segment[other].dead;
		if
		:: stolen ->
			assert(segment[other].dead); /* property: living_segment_keeps_its_key */
			unhash(other)
		:: else
		fi;
		unlock_segment(other);
		other = NONE;
		rcu_read_unlock()
	}
}

/* registry.c: registry_alloc_id(): any free index, the worst case of reuse */
inline alloc_index(s)
{
	atomic {
		in_module();
		if
		:: ids[0] == NONE -> segment[s].index = 0
		:: ids[1] == NONE -> segment[s].index = 1
		fi
	}
}

/* registry.c: kshm_registry_publish(). exists tells that it failed. */
inline publish(s)
{
	lock_registry();
	alloc_index(s);
	registry_hash(s);
	if
	:: exists ->
		steal_from_dead();
		if
		:: stolen -> registry_hash(s)
		:: else
		fi
	:: else
	fi;
	d_step { uses(s) }		/* id = segment->id */
	unlock_registry()
}

/* segment.c: kshm_segment_new() */
inline segment_new()
{
	atomic {
		in_module();
		assert(!segment[3].built);	/* property: creator_tries_no_third_time */
		if
		:: !segment[2].built -> s = 2
		:: else -> s = 3
		fi;
		segment[s].built = true;
		segment[s].pages = true;
		segment[s].ref = 1;
		module_refs++;
		if
		:: segment[s].transient = true
		:: skip
		fi
	}
}

/* get.c: get_find_or_create() */
inline do_get()
{
	do
	:: get_find();
	   if
	   :: found -> break
	   :: else
	   fi;
	   segment_new();
	   publish(s);
	   if
	   :: exists -> destroy(s)
	   :: else -> break
	   fi
	od
}

/* vma.c: kshm_attach_file_mmap(). Sets refused if it fails. */
inline attach_file_mmap(f)
{
	mine = file[f].segment;
	segment_open(mine);
	if
	:: !refused ->
		if
		:: d_step {		/* call_mmap() succeeds */
			file[f].count++;	/* vma->vm_file */
			segment[mine].vmas++
		   }
		:: refused = true;	/* or fails */
		   uncount(mine, true)
		fi
	:: else
	fi;
	mine = NONE
}

/* munmap(), exec or exit: vma.c: vma_close(), then the kernel drops the file. */
inline unmap(f)
{
	d_step {
		in_module();
		mapped = false;
		file[f].attaches--;
		mine = file[f].segment;
		segment[mine].vmas--
	}
	uncount(mine, true);
	mine = NONE;
	fput(f)
}

/* attach.c: attach_pin(). f is a file that is idle, or NONE. */
inline attach_pin(id)
{
	lookup_id(id);
	if
	:: s != NONE ->
		d_step {
			assert(!segment[s].dead); /* property: dead_stays_unattached */
			segment[s].nattch++;
			f = segment[s].idle;
			if
			:: f != NONE && file[f].count == 1 ->
				file[f].count++
			:: else -> f = NONE
			fi
		}
		segment_unlock(s)
	:: else
	fi
}

/* vma.c: kshm_attach_file_new_pooled(), segment.c: kshm_segment_keep_file() */
inline attach_new_file(s)
{
	d_step {
		in_module(); uses(s);
		f = me;
		file[f].segment = s;
		file[f].count = 1;
		module_refs++;
		segment[s].ref++
	}
	lock_segment(s);
	d_step {
		if
		:: segment[s].idle == NONE && !segment[s].dead ->
			segment[s].idle = f;
			file[f].count++
		:: else
		fi;
		unlock_segment(s)
	}
}

/*
 * attach.c: kshm_do_attach(); then the task unmaps the segment. Before that it may
 * call remap_file_pages(): the kernel holds the file, unmaps the VMA, and calls
 * ->mmap of the same file again, with no pin.
 */
inline attach_and_unmap(id)
{
	attach_pin(id);
	if
	:: s != NONE && f == NONE -> attach_new_file(s)
	:: else
	fi;
	do
	:: s == NONE && f == NONE -> break
	:: else ->
		d_step {
			file[f].attaches++;
			assert(file[f].attaches == 1)	/* property: attaches_share_no_file */
		}
		refused = true;
		if
		:: attach_file_mmap(f)
		:: s != NONE		/* vm_mmap() fails before it calls ->mmap */
		fi;
		mapped = !refused;
		d_step {
			refused = false;
			file[f].attaches = file[f].attaches - 1 + mapped
		}
		fput(f);
		if
		:: s != NONE ->
			uncount(s, false); /* segment.c: kshm_segment_unpin() */
			s = NONE;
			close_device()
		:: else
		fi;
		if
		:: !mapped -> f = NONE
		:: else ->
			if
			:: d_step { remap = true; file[f].count++ }
			:: remap = false
			fi;
			unmap(f);
			if
			:: !remap -> f = NONE
			:: else -> remap = false
			fi
		fi
	od
}

/* ctl.c: kshm_do_rmid(), ctl_rmid_locked() */
inline do_rmid(id)
{
	lock_registry();
	lookup_id(id);
	died = false;
	if
	:: s != NONE ->
		d_step { mark(s) }
		segment_unlock(s);
		if
		:: died -> registry_remove(s)
		:: else
		fi
	:: else
	fi;
	unlock_registry();
	if
	:: died -> destroy(s)
	:: else
	fi;
	s = NONE
}

/* ctl.c: kshm_do_stat() */
inline do_stat(id)
{
	lookup_id(id);
	if
	:: s != NONE -> segment_unlock(s); s = NONE
	:: else
	fi
}

/* registry.c: registry_add_usage(), which takes no lock */
inline do_info()
{
	d_step { rcu_read_lock(); s = ids[0] }
	d_step {
		if
		:: s != NONE -> uses(s)
		:: else
		fi;
		s = NONE;
		rcu_read_unlock()
	}
}

/* dev.c: dev_open(); the kernel takes a reference on the module. */
inline open_device()
{
	atomic {
		if
		:: !going && !namespace_ended ->
			module_refs++;
			commands++;
			device = true
		:: else -> goto out
		fi
	}
}

inline close_device()
{
	atomic {
		if
		:: device ->
			in_module();
			device = false;
			module_refs--;
			commands--
		:: else
		fi;
		/* Values of a command that has ended would only make more states. */
		last = false; died = false; found = false; exists = false;
		stolen = false; id = NONE; s = NONE
	}
}

#define SOME_ID(id)	if :: id = 1 :: id = 2 :: id = 3 fi

proctype task(byte me; mtype command)
{
	byte s, f, id, other, its, mine, idle;
	bool died, last, refused, found, exists, stolen, mapped, remap, device;

	open_device();
	atomic {
		if
		:: command != GET && command != INFO -> SOME_ID(id)
		:: else
		fi
	}
	if
	:: command == GET -> do_get()
	:: command == ATTACH -> attach_and_unmap(id)
	:: command == RMID -> do_rmid(id)
	:: command == STAT -> do_stat(id)
	:: command == INFO -> do_info()
	fi;
	close_device();
out:	done++
}

/* The end of the namespace: no command is left in it, but mappings are. */

/* segment.c: kshm_segment_mark_all(), segment_mark_next(), segment_mark_if_alive() */
inline mark_all()
{
	do
	:: i == INDEXES -> break
	:: else ->
		lock_registry();
		s = ids[i];
		died = false;
		if
		:: s != NONE ->
			lock_segment(s);
			d_step {
				if
				:: !segment[s].dead -> mark(s)
				:: else
				fi;
				unlock_segment(s)
			}
		:: else
		fi;
		if
		:: died -> registry_remove(s)
		:: else
		fi;
		unlock_registry();
		if
		:: died -> destroy(s)
		:: else
		fi;
		i++
	od
}

proctype namespace()
{
	byte s, i, its, idle;
	bool died, last;

end:	atomic { !commands && loaded -> namespace_ended = true; ending = true }
	mark_all();
	ending = false
}

proctype unload()
{
end:	atomic { !module_refs -> going = true }
	/* ns.c: kshm_ns_exit() waits until the last work has returned. */
	atomic {
		!ending ->
		/* registry.c: registry_free() would warn. */
		assert(key == NONE && ids[0] == NONE && ids[1] == NONE); /* property: unload_finds_no_segment */
		loaded = false
	}
}

/* When all has come to rest: is what is left just what should be? */
#define IN_PLACE(s)	(ids[segment[s].index] == s && segment[s].pages && \
			 !segment[s].dead && !segment[s].dest && \
			 !segment[s].nattch && \
			 !(segment[s].transient && segment[s].lpid))
#define RIGHT(s)	(!segment[s].built || \
			 (segment[s].freed -> !segment[s].pages : IN_PLACE(s)))
#define ALIVE(s)	(segment[s].built && !segment[s].freed)
#define KEEPS(s)	(ALIVE(s) + (ALIVE(s) && segment[s].idle != NONE))

proctype rest()
{
end:	atomic {
		done == TASKS && NOTHING_QUEUED &&
		!ending ->
		assert(RIGHT(1) && RIGHT(2) && RIGHT(3)); /* property: no_segment_is_lost_or_left */
		assert(module_refs == KEEPS(1) + KEEPS(2) + KEEPS(3)) /* property: module_references_add_up */
	}
}

#define CAST(a, b, c)	run task(1, a); run task(2, b); run task(3, c)

init {

	atomic {
		segment[1].built = true;
		segment[1].pages = true;
		segment[1].ref = 1;
		segment[1].hashed = true;
		key = 1;
		ids[0] = 1;
		module_refs = 1;
		if
		:: segment[1].transient = true
		:: skip
		fi;
		run rcu();
		run namespace();
		run unload();
		run rest();
		if
		:: CAST(ATTACH, RMID, GET)
		:: CAST(ATTACH, ATTACH, RMID)
		:: CAST(GET, GET, RMID)
		:: CAST(STAT, RMID, GET)
		:: CAST(INFO, RMID, GET)
		fi
	}
}
