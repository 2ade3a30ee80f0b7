/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of QEMU's interface for plugins, version 1, that profile.c needs.
 * Debian packages no header of it.
 */
#ifndef KSHM_PROFILE_H
#define KSHM_PROFILE_H

#include <stddef.h>

#define EXPORT		__attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*translated_fn)(unsigned long id, struct qemu_plugin_tb *tb);
typedef void (*executed_fn)(unsigned int cpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(unsigned long id, translated_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  executed_fn fn, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    executed_fn fn, int flags,
					    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
unsigned long qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
unsigned long qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

extern EXPORT int qemu_plugin_version;
EXPORT int qemu_plugin_install(unsigned long id, const void *info, int argc,
			       char **argv);

#endif /* KSHM_PROFILE_H */
