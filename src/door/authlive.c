#include "authlive.h"

#include "base/deadline.h"

#define AGAIN 1000 /* ms */

void
authlive_refresh(struct authdesk *desk)
{
	int64_t now = deadline_now();

	if (desk->live_looked != 0 && now - desk->live_looked < AGAIN)
		return;
	desk->live_looked = now;
	(void)livefile_refresh(&desk->live, desk->live_path);
}

bool
authlive_is_down(struct authdesk *desk, const struct record_server *server)
{
	struct livefile_record record;

	authlive_refresh(desk);
	return live_remembered(&desk->live, server, live_time(), &record) == LIVEFILE_DOWN;
}
