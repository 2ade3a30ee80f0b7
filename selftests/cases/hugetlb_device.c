// SPDX-License-Identifier: GPL-2.0
/* Segments of SHM_HUGETLB by the device, beyond what in-tree shm has. */
#include "hugetlb.h"

FIXTURE(hugetlb_device)
{
	int dev;
};

FIXTURE_SETUP(hugetlb_device)
{
	begin_hugetlb(_metadata, &kshm);
	self->dev = _metadata->exit_code ? -1 : open_device();
}

FIXTURE_TEARDOWN(hugetlb_device)
{
	close(self->dev);
	end_hugetlb(_metadata);
}

static int create(int dev, size_t size, unsigned int flags)
{
	struct kshm_get arg = {
		.size = size, .mode = 0600,
		.flags = KSHM_GET_CREAT | KSHM_GET_HUGETLB | flags,
	};

	return ioctl(dev, KSHM_IOC_GET, &arg) ? -errno : arg.id;
}

/* hugetlb_device: INFO tells that there can be such segments, and STAT which ones are. */
TEST_F(hugetlb_device, state_tells)
{
	struct kshm_stat st = {};

	expect_feature(_metadata, self->dev, KSHM_FEATURE_HUGETLB);
	st.id = create(self->dev, huge, 0);
	ASSERT_GE(st.id, 0);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(KSHM_STATE_HUGETLB, st.state);
	memset(&st, 0, sizeof(st));
	st.id = make(1);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(0, st.state & KSHM_STATE_HUGETLB);
}

/* hugetlb_device: PREALLOC allocates all pages at creation. */
TEST_F(hugetlb_device, prealloc_takes_all_pages)
{
	int id = create(self->dev, 3 * huge, KSHM_GET_PREALLOC);

	EXPECT_GE(id, 0);
	EXPECT_EQ(0, reserved());
	EXPECT_EQ(POOL - 3, pages_free());
}

/* hugetlb_device: Such a segment has no descriptor and does not grow (EINVAL). */
TEST_F(hugetlb_device, descriptor_and_growth_einval)
{
	int id = create(self->dev, huge, 0);
	struct kshm_fd fd = { .id = id };
	struct kshm_grow grow = { .id = id, .size = 2 * huge };

	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_FD, &fd));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_EQ(EINVAL, errno);
	grow.size = 0;
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_EQ(huge, grow.size);
}

/* hugetlb_device: POPULATE and NO_FAULTAROUND have no effect on such a segment. */
TEST_F(hugetlb_device, populate_takes_no_page)
{
	struct kshm_attach arg = {
		.id = create(self->dev, 2 * huge, 0),
		.flags = KSHM_ATTACH_POPULATE | KSHM_ATTACH_NO_FAULTAROUND,
	};

	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_ATTACH, &arg));
	EXPECT_EQ(2, reserved());
	EXPECT_EQ(2 * huge, arg.length);
	detach((void *)(uintptr_t)arg.addr);
}

/* hugetlb_device: The bits for the size of a page are EINVAL without the flag. */
TEST_F(hugetlb_device, size_of_pages_alone_einval)
{
	struct kshm_get arg = {
		.size = PAGE, .mode = 0600,
		.flags = KSHM_GET_CREAT | 21U << KSHM_GET_HUGETLB_SHIFT,
	};

	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_GET, &arg));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_GE(create(self->dev, huge, (unsigned int)__builtin_ctzl(huge)
			 << KSHM_GET_HUGETLB_SHIFT), 0);
}

static unsigned int reason_of(int dev, struct kshm_get *arg)
{
	struct kshm_explain why = {
		.arg = (uintptr_t)arg, .cmd = KSHM_IOC_GET,
	};

	must(!ioctl(dev, KSHM_IOC_EXPLAIN, &why));
	return why.reason;
}

/* hugetlb_device: EXPLAIN tells the three reasons for which there are no such pages. */
TEST_F(hugetlb_device, reasons_are_told)
{
	struct kshm_get arg = {
		.size = (POOL + 1) * huge, .mode = 0600,
		.flags = KSHM_GET_CREAT | KSHM_GET_HUGETLB,
	};

	EXPECT_EQ(KSHM_WHY_HUGETLB_POOL, reason_of(self->dev, &arg));
	if (in_child()) {
		become(ALICE, GUESTS);
		EXPECT_EQ(KSHM_WHY_HUGETLB_GROUP, reason_of(self->dev, &arg));
		_exit(0);
	}
	arg.flags |= 13 << KSHM_GET_HUGETLB_SHIFT;
	EXPECT_EQ(KSHM_WHY_HUGETLB_SIZE, reason_of(self->dev, &arg));
}

TEST_HARNESS_MAIN
