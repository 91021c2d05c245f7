/*
 * lifecycle.h - the stage of a customer's life, for other rooms.
 */
#ifndef CRM_LIFECYCLE_H
#define CRM_LIFECYCLE_H

#include "history.h"

/* In the order of the enum customer_stage. */
typedef enum Stage
{
	STAGE_PROSPECT,
	STAGE_NEW,
	STAGE_DEVELOPING,
	STAGE_LOYAL,
	STAGE_REACTIVATED,
	STAGE_AT_RISK,
	STAGE_DORMANT,
	STAGE_LOST
} Stage;

#define STAGES 8

extern const char *const lifecycle_stage_names[STAGES];

/* The stage by the rules that hold unless others are given, and the purchase days by as_of. */
extern Stage LifecycleStageByDefault(const PurchaseHistory *history, DateADT as_of,
									 int32 *purchase_days);

#endif /* CRM_LIFECYCLE_H */
