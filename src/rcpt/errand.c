#include "errand.h"

void
errands_append(struct errands *errands, struct errand *errand)
{
	struct errand **at = &errands->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = errand;
	errand->next = NULL;
	errands->count++;
}

void
errands_prepend(struct errands *errands, struct errand *errand)
{
	errand->next = errands->first;
	errands->first = errand;
	errands->count++;
}

void
errands_remove(struct errands *errands, struct errand *errand)
{
	struct errand **at = &errands->first;

	while (*at != errand)
		at = &(*at)->next;
	*at = errand->next;
	errand->next = NULL;
	errands->count--;
}
