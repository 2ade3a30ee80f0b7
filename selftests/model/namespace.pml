/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry of an IPC namespace, as module/ns.c makes and ends it.
 *
 * Two tasks make the first call in a namespace, and each may make a registry. When
 * both have left it, the namespace ends, and fsnotify may report that. Works look for
 * registries of ended namespaces, and end them. The module is unloaded meanwhile.
 */
#define NONE		0
#define TASKS		2

typedef registry_struct {
	byte ref;
	bool made;
	bool hashed;
	bool end_begun;
	bool work;		/* ->end_work is queued */
	byte mark_ref;		/* references on its mark */
	bool on_inode;		/* fsnotify finds the mark */
	bool freed;
};

registry_struct registry[TASKS + 1];

bool hash_locked;		/* ns_registries_lock */
byte marks;			/* ns_marks */
byte destroying;		/* fsnotify frees marks, and calls the module for each */
bool sweep;			/* ns_sweep_work is queued */
bool busy;			/* a work runs */
bool queue = true;		/* there is a queue */

byte inside = TASKS;		/* tasks in the namespace */
bool ended;			/* s_fs_info was cleared */
byte used;			/* the registry that the first task got */

byte module_refs = TASKS;
bool loaded = true;
bool going;			/* unloading has begun */

inline in_module()
{
	assert(loaded)			/* property: text_stays_while_it_runs */
}

inline uses(r)
{
	assert(!registry[r].freed)	/* property: freed_registry_is_not_used */
}

inline lock_hash()
{
	atomic { !hash_locked -> in_module(); hash_locked = true }
}

#define FOUND	(registry[1].hashed -> 1 : (registry[2].hashed -> 2 : NONE))

/* ns.c: ns_free_mark(), called by fsnotify; registry.c: kshm_registry_put() */
inline mark_put(r)
{
	d_step {
		uses(r);		/* the mark is a part of the registry */
		registry[r].mark_ref--;
		last = !registry[r].mark_ref;
		destroying = destroying + last
	}
	if
	:: last ->
		d_step {
			in_module();
			registry[r].ref--;
			registry[r].freed = !registry[r].ref
		}
		marks--;
		d_step { in_module(); destroying-- }
	:: else
	fi
}

/* ns.c: ns_remove_mark() */
inline remove_mark(r)
{
	/* fsnotify_destroy_mark() drops the reference of the inode's list. */
	d_step { uses(r); in_list = registry[r].on_inode; registry[r].on_inode = false }
	if
	:: in_list -> mark_put(r)
	:: else
	fi;
	mark_put(r)
}

/* ns.c: ns_end_registry(). The hash is locked. */
inline end_registry(r)
{
	d_step {
		assert(!registry[r].end_begun);	/* property: ended_once */
		in_module(); uses(r);
		assert(ended || going);		/* property: living_namespace_keeps_its_registry */
		assert(queue);			/* property: queue_takes_every_work */
		registry[r].hashed = false;
		registry[r].end_begun = true;
		registry[r].work = true
	}
}

/* ns.c: kshm_ns_registry(), ns_add_registry() */
proctype calls(byte me)
{
	byte other;
	bool last, in_list;

	other = FOUND;			/* ns.c: ns_find(), under RCU */
	if
	:: other == NONE ->
		sweep = true;		/* ns.c: kshm_ns_sweep() */
		/* ns.c: ns_add_mark() */
		d_step {
			registry[me].made = true;
			registry[me].ref = 1;
			registry[me].mark_ref = 2;
			registry[me].on_inode = true;
			marks++
		}
		lock_hash();
		d_step {
			other = FOUND;
			registry[me].hashed = other == NONE;
			hash_locked = false
		}
		if
		:: other != NONE -> remove_mark(me)
		:: else -> other = me
		fi
	:: else
	fi;
	d_step {
		uses(other);
		assert(used == NONE || used == other);	/* property: namespace_has_one_registry */
		used = other
	}
	d_step { inside--; module_refs-- }
}

/*
 * The namespace ends, and fsnotify reports it to the marks that it finds; not, if a
 * second mount keeps the superblock. It holds a reference on the mark meanwhile.
 */
inline report(r)
{
	if
	:: atomic { registry[r].on_inode -> registry[r].mark_ref++ };
	   /* ns.c: ns_handle_event() */
	   lock_hash();
	   if
	   :: registry[r].hashed -> end_registry(r)
	   :: else
	   fi;
	   hash_locked = false;
	   mark_put(r)
	:: !registry[r].on_inode
	fi
}

proctype namespace()
{
	bool last;

	atomic { !inside -> ended = true }
	if
	:: report(1); report(2)
	:: true
	fi
}

/* ns.c: ns_end_work(). life.pml has the part about the segments. */
inline end_work(r)
{
	atomic { registry[r].work && !busy -> registry[r].work = false; busy = true; in_module() }
	remove_mark(r);
	in_module();
	busy = false
}

/* ns.c: ns_end_bucket() for each bucket */
inline end_bucket(r, also_living)
{
	lock_hash();
	if
	:: registry[r].hashed && (also_living || ended) -> end_registry(r)
	:: else
	fi;
	hash_locked = false
}

/* The ordered queue runs one work after the other. */
proctype works()
{
	bool last, in_list;

end:	do
	:: end_work(1)
	:: end_work(2)
	:: atomic { sweep && !busy -> sweep = false; busy = true; in_module() };
	   /* ns.c: ns_sweep() */
	   end_bucket(1, false);
	   end_bucket(2, false);
	   in_module();
	   busy = false
	od
}

/* ns.c: kshm_ns_exit() */
proctype unload()
{
	atomic { !module_refs -> going = true }
	end_bucket(1, true);
	end_bucket(2, true);
	!marks;
	!destroying;		/* fsnotify_wait_marks_destroyed() */
	/* destroy_workqueue() */
	atomic { !busy && !sweep && !registry[1].work && !registry[2].work -> queue = false }
	loaded = false;
	assert((!registry[1].made || registry[1].freed) && (!registry[2].made || registry[2].freed)) /* property: no_registry_is_left */
}

init {
	atomic {
		run calls(1);
		run calls(2);
		run namespace();
		run works();
		run unload()
	}
}
