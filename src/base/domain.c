#include "domain.h"

#include <idn2.h>
#include <string.h>

#define NAME_MAX_LEN  253 /* RFC 1035 2.3.4, without the root */
#define LABEL_MAX_LEN 63

static const char no_name[] = "is no domain name";

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Checks and copies an ASCII name. */
static const char *
copy_ascii(char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	size_t label = 0; /* where the label begins */

	if (len > 0 && bytes[len - 1] == '.')
		len--;
	if (len == 0)
		return "is empty";
	if (len > NAME_MAX_LEN)
		return "is longer than a domain name can be (253 bytes)";
	for (size_t i = 0; i <= len; i++) {
		char c = i < len ? bytes[i] : '.';

		/* In the order in which they are frequent: this is done a million times. */
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			name[i] = c;
		} else if (c == '.') {
			if (i == label || i - label > LABEL_MAX_LEN || name[label] == '-' ||
			    name[i - 1] == '-')
				return no_name;
			label = i + 1;
			name[i] = c;
		} else if ((c >= 'A' && c <= 'Z') || c == '-' || c == '_') {
			name[i] = lower(c);
		} else {
			return no_name;
		}
	}
	name[len] = '\0';
	return NULL;
}

static bool
has_eight_bit(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return true;
	return false;
}

static const char *
convert_unicode(char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	char text[DOMAIN_UNICODE_SIZE];
	const char *why;
	char *ascii;
	int rc;

	if (len >= sizeof(text))
		return "is longer than a domain name can be";
	if (memchr(bytes, '\0', len) != NULL)
		return no_name;
	memcpy(text, bytes, len);
	text[len] = '\0';
	rc = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_MALLOC)
		return "cannot be converted: out of memory";
	if (rc != IDN2_OK)
		return "is no internationalised domain name (IDNA2008)";
	why = copy_ascii(name, ascii, strlen(ascii));
	idn2_free(ascii);
	return why;
}

const char *
domain_normalise(char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	const char *why = copy_ascii(name, bytes, len);

	return why != NULL && has_eight_bit(bytes, len) ? convert_unicode(name, bytes, len)
							: why;
}

const char *
domain_normalise_label(char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	const char *why = domain_normalise(name, bytes, len);

	if (why == NULL || has_eight_bit(bytes, len))
		return why;
	if (len == 0)
		return "is empty";
	if (len > NAME_MAX_LEN)
		return "is longer than a name can be (253 bytes)";
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] <= ' ' || bytes[i] > '~' || bytes[i] == '@')
			return "must be a domain, or a name without blanks, control bytes and "
			       "@";
		name[i] = lower(bytes[i]);
	}
	name[len] = '\0';
	return NULL;
}

const char *
domain_normalise_recipient(char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	const char *why = domain_normalise(name, bytes, len);

	if (why == NULL && !domain_is_recipient(name))
		why = "is no domain that mail can be sent to";
	return why;
}

bool
domain_is_numeric(const char *name)
{
	const char *label = strrchr(name, '.');

	label = label == NULL ? name : label + 1;
	if (label[strspn(label, "0123456789")] == '\0')
		return true;
	/* inet_aton(3), and so getaddrinfo(3), takes hexadecimal parts too. */
	return strncmp(label, "0x", 2) == 0 &&
	    label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
}

bool
domain_is_recipient(const char *name)
{
	char same[DOMAIN_SIZE];

	return strchr(name, '.') != NULL && !domain_is_numeric(name) &&
	    copy_ascii(same, name, strlen(name)) == NULL;
}

bool
domain_unicode(char unicode[DOMAIN_UNICODE_SIZE], const char *name)
{
	char back[DOMAIN_SIZE];
	char *text;
	bool good;

	if (strncmp(name, "xn--", 4) != 0 && strstr(name, ".xn--") == NULL)
		return false;
	if (idn2_to_unicode_8z8z(name, &text, 0) != IDN2_OK)
		return false;
	/* libidn2 decodes what it would not encode; such a text is nobody's name. */
	good = strlen(text) < DOMAIN_UNICODE_SIZE && has_eight_bit(text, strlen(text)) &&
	    convert_unicode(back, text, strlen(text)) == NULL && strcmp(back, name) == 0;
	if (good)
		strcpy(unicode, text);
	idn2_free(text);
	return good;
}
