'use strict';
// rcptcheck: refuses recipients whom the server of their domain does not know. A plug-in for Haraka.
//
// Copy it as plugins/rcptcheck.js, and put the line "rcptcheck" into config/plugins, before what accepts
// recipients, such as rcpt_to.in_host_list. It never says OK: whether the domain is ours is for that to
// decide.

const { spawn } = require('child_process');

const unknown = '5.1.1 sorry, no mailbox here by that name';
const later = "4.4.3 sorry, this recipient can't be verified right now, try again later";

// The bare address: Haraka keeps the quotes of a local part, which the check puts around it again.
const address = (a) => {
    const quoted = /^"(.*)"$/s.exec(a.user);
    const user = quoted ? quoted[1].replace(/\\(.)/gs, '$1') : a.user;
    return user + (a.original_host ? `@${a.original_host}` : '');
};

exports.hook_rcpt = function (next, connection, params) {
    if (!connection.transaction || connection.relaying) return next();

    let told = false;
    const tell = (code, why) => {
        if (told) return;
        told = true;
        if (code === 0) return next();
        if (code === 100) return next(DENY, unknown);
        if (code !== 111) connection.logerror(this, `the check ended with ${why}`);
        return next(DENYSOFT, later);
    };

    try {
        const env = Object.assign({}, process.env, {
            SENDER: address(connection.transaction.mail_from),
            RECIPIENT: address(params[0]),
            TCPREMOTEIP: connection.remote.ip,
        });
        spawn('/var/rcptcheck/bin/rcptcheck', [], { env, stdio: ['ignore', 'ignore', 'inherit'] })
            .on('error', (error) => tell(-1, error.message))
            .on('exit', (code, signal) => tell(code, signal || code));
    }
    catch (error) {
        tell(-1, error.message);
    }
};
