/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cases that read the kernel's trace. They record into an instance of their own, so
 * nobody else's tracing is disturbed.
 */
#ifndef KSHM_SELFTESTS_TRACING_H
#define KSHM_SELFTESTS_TRACING_H

#include <sys/stat.h>

#include "cases.h"

#define TRACING		"/sys/kernel/tracing/instances/kshm"

/*
 * Begins a case of kshm, or skips it; returns a descriptor of the device, -1 without
 * one.
 */
static inline int begin_trace_case(struct __test_metadata *_metadata)
{
	int dev = begin_device_case(_metadata);

	trace_without_names();
	if (dev >= 0 && mkdir(TRACING, 0700) && errno != EEXIST)
		SKIP(return dev, "no tracing: %s", strerror(errno));
	return dev;
}

static inline void end_trace_case(struct __test_metadata *_metadata, int dev)
{
	rmdir(TRACING);
	close(dev);
	end_case(_metadata);
}

static char trace[1 << 20];

/* Begins to record the events, those of all CPUs in one order. */
static inline void trace_events(const char *const *events)
{
	/* Choosing a clock drops what was recorded before. */
	must(!write_file(TRACING "/trace_clock", "counter"));
	must(!write_number(TRACING "/tracing_on", 1));
	must(!write_number(TRACING "/buffer_size_kb", 1024));
	for (; *events; events++) {
		char path[128];

		snprintf(path, sizeof(path), TRACING "/events/%s/enable",
			 *events);
		must(!write_file(path, "1"));
	}
}

/* Fills @trace with the events recorded up to now. */
static inline void trace_read(void)
{
	slurp(TRACING "/trace", trace, sizeof(trace));
}

/* Ends recording. */
static inline void trace_end(void)
{
	must(!write_number(TRACING "/tracing_on", 0));
	trace_read();
	must(!write_number(TRACING "/events/enable", 0));
}

/*
 * A line is "  NAME-PID  [CPU] FLAGS TIME: EVENT: FIELDS". Cuts off the next one that
 * is an event; returns the event, or NULL at the end.
 */
static inline char *next_event(char **rest, pid_t *pid)
{
	char *line, *bracket, *colon;

	while ((line = strsep(rest, "\n"))) {
		if (*line == '#')
			continue;
		bracket = strstr(line, " [");
		colon = bracket ? strstr(bracket, ": ") : NULL;
		if (!colon)
			continue;
		*bracket = '\0';
		while (bracket > line && bracket[-1] == ' ')
			*--bracket = '\0';
		*pid = atoi(strrchr(line, '-') + 1);
		return colon + 2;
	}
	return NULL;
}

static inline bool is_event(const char *event, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(event, name, length) && event[length] == ':';
}

#endif /* KSHM_SELFTESTS_TRACING_H */
