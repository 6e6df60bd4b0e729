#include "authdigest.h"

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <stdint.h>
#include <string.h>

/*
 * Nettle, not OpenSSL: under tcpserver this starts for each login, and libcrypto needs longer for its
 * own start than a login takes.
 */

static void
to_hex(char hex[AUTHDIGEST_HEX_SIZE], const uint8_t digest[MD5_DIGEST_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < MD5_DIGEST_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * MD5_DIGEST_SIZE] = '\0';
}

bool
authdigest_same(const char *secret, const char *guess, size_t len)
{
	size_t secret_len = strlen(secret);
	unsigned differ = secret_len != len || secret_len == 0;

	/* As many steps as the guess has bytes, whatever the secret is. */
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned)(guess[i] ^ secret[secret_len == 0 ? 0 : i % secret_len]);
	return differ == 0;
}

void
authdigest_apop(char hex[AUTHDIGEST_HEX_SIZE], const char *secret, const char *salt)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx context;

	md5_init(&context);
	md5_update(&context, strlen(salt), (const uint8_t *)salt);
	md5_update(&context, strlen(secret), (const uint8_t *)secret);
	md5_digest(&context, sizeof(digest), digest);
	to_hex(hex, digest);
}

void
authdigest_cram_md5(char hex[AUTHDIGEST_HEX_SIZE], const char *secret, const char *salt)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct hmac_md5_ctx context;

	hmac_md5_set_key(&context, strlen(secret), (const uint8_t *)secret);
	hmac_md5_update(&context, strlen(salt), (const uint8_t *)salt);
	hmac_md5_digest(&context, sizeof(digest), digest);
	to_hex(hex, digest);
}
