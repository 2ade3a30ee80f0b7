// SPDX-License-Identifier: GPL-2.0
// A segment in C++ that exists as long as its object.
#include <kshm.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

class Segment {
public:
	explicit Segment(size_t size)
		: id(kshm_shmget(IPC_PRIVATE, size, IPC_CREAT | 0600))
	{
		if (id < 0)
			fail();
		memory = kshm_shmat(id, nullptr, 0);
		int error = errno;
		kshm_shmctl(id, IPC_RMID, nullptr);
		errno = error;
		if (memory == reinterpret_cast<void *>(-1))
			fail();
	}
	~Segment() { kshm_shmdt(memory); }
	Segment(const Segment &) = delete;
	Segment &operator=(const Segment &) = delete;
	void *get() const { return memory; }

private:
	[[noreturn]] static void fail()
	{
		char why[160];
		std::error_code code(errno, std::generic_category());

		throw std::system_error(code, kshm_strerror(why, sizeof(why)));
	}

	int id;
	void *memory = nullptr;
};

int main()
{
	kshm_explain_errors(1);
	try {
		Segment segment(sizeof(long));
		long *answer = static_cast<long *>(segment.get());

		*answer = 42;
		std::cout << "hello from C++: " << *answer << '\n';
		Segment nothing(0);
	} catch (const std::system_error &error) {
		std::cout << error.what() << '\n';
		return 0;
	}
	return 1;
}
