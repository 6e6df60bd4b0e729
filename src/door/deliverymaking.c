#include "deliverymaking.h"

#include <stdio.h>

void
deliverymaking_leave_out(struct deliverymaking *making, uint32_t domain)
{
	if (making->left_out++ == 0)
		making->first_left_out = domain;
}

void
deliverymaking_keep(struct deliverymaking *making, const char *domain, size_t len)
{
	if (making->kept++ == 0)
		snprintf(
		    making->first_kept, sizeof(making->first_kept), "%.*s", (int)len, domain);
}

bool
deliverymaking_has_way(struct deliverymaking *making, uint32_t domain)
{
	if (making->has_way == NULL || making->has_way[domain])
		return true;
	deliverymaking_leave_out(making, domain);
	return false;
}

/*
 * A table that was emptied by accident is mended in a minute, but until then each mail to what is gone
 * from here would be refused for good.
 */
const char *
deliverymaking_judge_loss(struct deliverymaking *making, size_t was)
{
	if (making->anything_goes || making->written >= was - was / 2)
		return NULL;
	snprintf(making->why, sizeof(making->why),
	    "stays as it is: it has %zu domains and would have %zu, which is taken for an "
	    "accident; if that is right, run rcptbuild -f",
	    was, making->written);
	return making->why;
}
