// SPDX-License-Identifier: GPL-2.0
/*
 * The program to fuzz. It ends badly for one beginning of its input. It gets input
 * after input through shared memory; without a fuzzer it reads one from standard
 * input.
 */
#include <stdlib.h>
#include <unistd.h>

__AFL_FUZZ_INIT();

static void look_at(const unsigned char *input, size_t size)
{
	if (size < 3 || input[0] != 'k')
		return;
	if (input[1] != 's')
		return;
	if (input[2] == 'h')
		abort();
}

int main(void)
{
	const unsigned char *input;

	__AFL_INIT();
	input = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(1000))
		look_at(input, (size_t)__AFL_FUZZ_TESTCASE_LEN);
	return 0;
}
