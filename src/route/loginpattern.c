#include "loginpattern.h"

#include <string.h>

#include "route.h"

int
loginpattern_expand(struct route *route, const char *user, size_t len)
{
	char pattern[ROUTE_TEXT_SIZE], login[ROUTE_TEXT_SIZE];
	const char *at = memrchr(user, '@', len);
	size_t local = at == NULL ? len : (size_t)(at - user), used = 0;

	strcpy(pattern, route->login[0] == '\0' ? "%u" : route->login);
	for (const char *p = pattern; *p != '\0'; p++) {
		const char *piece = p;
		size_t piece_len = 1;

		if (p[0] == '%' && p[1] != '\0') {
			switch (*++p) {
			case 'u':
				piece = user;
				piece_len = len;
				break;
			case 'n':
				piece = user;
				piece_len = local;
				break;
			case 'd':
				piece = at == NULL ? user : at + 1;
				piece_len = at == NULL ? 0 : len - local - 1;
				break;
			default:
				piece = p;
			}
		}
		if (piece_len >= sizeof(login) - used)
			return -1;
		memcpy(login + used, piece, piece_len);
		used += piece_len;
	}
	login[used] = '\0';
	strcpy(route->login, login);
	route->translated = used != len || memcmp(login, user, len) != 0;
	return 0;
}

bool
loginpattern_good(const char *pattern, bool *various)
{
	*various = pattern[0] == '\0';
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '\0' || strchr("und%", *p) == NULL)
			return false;
		if (*p == 'u' || *p == 'n')
			*various = true;
	}
	return true;
}
