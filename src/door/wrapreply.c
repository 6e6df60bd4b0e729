#include "wrapreply.h"

const char wrapreply_bad[] =
    "500 5.5.2 a line that is no command: it has no word at its start, or a NUL or a bare CR";
const char wrapreply_unknown[] = "502 5.5.1 this command is not available here";
const char wrapreply_long[] = "500 5.5.2 the line is too long";
const char wrapreply_parameter[] = "555 5.5.4 this parameter is not available here";
const char wrapreply_literal[] =
    "550 5.1.2 no mail for users at an address in brackets here, but for postmaster";
const char wrapreply_recipient[] =
    "501 5.1.3 the recipient's address can't be understood: RCPT TO:<user@example.com>";
const char wrapreply_response[] = "500 5.5.2 a control byte in a line of AUTH; closing";
const char wrapreply_ambiguous[] =
    "451 4.5.2 a line with only a dot in the message, and no CRLF on both sides of it, may "
    "hide "
    "another message; closing. Lines must end in CRLF (RFC 5321 2.3.8)";
const char wrapreply_refused[] = "550 5.1.1 sorry, no mailbox here by that name (#5.1.1)";
const char wrapreply_unverified[] =
    "451 4.4.3 sorry, this recipient can't be verified right now, try again later (#4.4.3)";
const char wrapreply_failed[] =
    "451 4.3.0 sorry, the check of this recipient failed, try again later (#4.3.0)";
const char wrapreply_limit[] = "421 4.7.0 too many unknown recipients, closing";
