#include "routesfile.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/publish.h"
#include "home.h"
#include "lists.h"
#include "mailwrite.h"
#include "route/livefile.h"

#define MODE        0640
#define FOLDER_MODE 02770

static const char default_group[] = "route";

/* The group that may read it, and which file or name says so; -1: that of rcptbuild. */
static gid_t
choose_group(struct run *run, const char *name)
{
	const struct group *group;
	struct stat st;
	struct line line;

	group = getgrnam(name[0] == '\0' ? default_group : name);
	if (group != NULL)
		return group->gr_gid;
	if (name[0] == '\0' && stat(HOME_ROUTES, &st) == 0)
		return st.st_gid;
	if (name[0] != '\0') {
		line_start(&line);
		line_add(&line, "settings: route_group: there is no group '");
		line_add_foreign(&line, name, strlen(name), 80);
		line_add(&line, "' here: " HOME_ROUTES " can be read by rcptbuild's own alone");
		report_add(&run->report, REPORT_WARNING, line.text);
	}
	return (gid_t)-1;
}

/* The folder into which its readers write: which servers do not answer. */
static void
make_folder(gid_t group)
{
	bool made = mkdir(HOME_ROUTE, 0770) == 0, changed = made;
	struct stat st;

	if (made)
		warnx(HOME_ROUTE ": made this folder");
	if (lstat(HOME_ROUTE, &st) == -1 || !S_ISDIR(st.st_mode))
		return;
	if (group != (gid_t)-1 && st.st_gid != group &&
	    chown(HOME_ROUTE, (uid_t)-1, group) == 0) {
		/* What others have made there is none of theirs any more; it is disposable. */
		(void)unlink(LIVEFILE);
		changed = true;
	}
	if (changed)
		(void)chmod(HOME_ROUTE, FOLDER_MODE);
}

/* Returns a descriptor, or -1 with the report. */
static int
start_file(struct run *run, gid_t group)
{
	int fd = publish_start(HOME_ROUTES, MODE);

	if (fd == -1) {
		report_trouble(
		    &run->report, HOME_ROUTES ".tmp: cannot be created: %s", strerror(errno));
		return -1;
	}
	/* chown takes nothing off the mode of a file that nobody can run. */
	if (group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) == -1)
		report_add(&run->report, REPORT_WARNING,
		    HOME_ROUTES
		    ": cannot be given to its group: run rcptbuild as root, or as a "
		    "member of the group");
	return fd;
}

int
routesfile_write(struct run *run, struct mailboxes *mailboxes,
    const struct routesettings *settings, const char *group_name)
{
	static const unsigned char note[CDBFILE_NOTE] = ROUTE_NOTE;
	gid_t group = choose_group(run, group_name);
	int fd = start_file(run, group), result;
	struct mailwrite_counts counts = {0};
	struct cdbwriter writer;
	uint64_t bytes;

	if (fd == -1)
		return -1;
	result = cdbwriter_start(&writer, fd, CDBWRITER_LIMIT);
	if (result == 0)
		result = mailwrite(&writer, mailboxes, settings, &counts);
	if (result == 0)
		result = cdbwriter_finish(&writer, run->options->now, note);
	if (result != 0) {
		int error = errno;

		cdbwriter_abandon(&writer);
		publish_abandon(fd, HOME_ROUTES);
		if (run->report.trouble[0] == '\0')
			report_trouble(&run->report, HOME_ROUTES ": %s", strerror(error));
		return -1;
	}
	bytes = writer.used;
	/* Now the list is good, and from now on every build reads it. */
	if (run->options->feed != NULL) {
		char name[FEEDS_FILE_SIZE];

		snprintf(name, sizeof(name), "%s" FEEDS_MAILBOXES, run->options->feed);
		if (lists_store(run->options->fd, name, &run->report) == -1) {
			publish_abandon(fd, HOME_ROUTES);
			return -1;
		}
		feeds_stamp(&run->next.feeds, HOME_FEEDS, FEEDS_MAILBOXES);
	}
	if (publish_finish(fd, HOME_ROUTES, run->options->folder) == -1)
		return report_trouble(
		    &run->report, HOME_ROUTES ": cannot be replaced: %s", strerror(errno));
	make_folder(group);
	state_stamp(&run->next.cdb, HOME_ROUTES);
	if (census_save(&mailboxes->census, HOME_ROUTES_COUNTS, run->options->folder) == -1)
		return report_trouble(&run->report,
		    HOME_ROUTES_COUNTS ": cannot be written: %s", strerror(errno));
	printf("rcptbuild: routes: %llu users, %llu ranges, %llu domains, %llu bytes\n",
	    (unsigned long long)counts.users, (unsigned long long)counts.ranges,
	    (unsigned long long)counts.domains, (unsigned long long)bytes);
	return 0;
}
