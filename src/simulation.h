/*
 * simulation.h - a simulated population of customers and their purchases.
 *
 * Purchases of a customer: Pareto/NBD (Schmittlein, Morrison, Colombo 1987):
 * Poisson with a gamma distributed rate until an unseen end after an
 * exponential time with a gamma distributed rate. Amounts: Gamma-Gamma (Fader,
 * Hardie 2013). docs/sample.md states the parameters and all the rest.
 */
#ifndef CRM_SIMULATION_H
#define CRM_SIMULATION_H

#include "utils/date.h"
#include "utils/timestamp.h"

/* Rates are per week. */
#define SIMULATED_R 0.6
#define SIMULATED_ALPHA 2.4
#define SIMULATED_S 0.5
#define SIMULATED_BETA 12.0
#define SIMULATED_P 6
#define SIMULATED_Q 4
#define SIMULATED_GAMMA 20.0

#define SIMULATED_PRODUCTS 200
#define SIMULATED_CHANNELS 5
#define SIMULATED_CUSTOMERS_MAX 10000000
#define SIMULATED_DAYS_MAX 36525

typedef struct Simulation Simulation;

typedef struct SimulatedPurchase
{
	int64		customer;
	TimestampTz moment;
	int64		cents;
	int			product; /* 1..SIMULATED_PRODUCTS */
	int			channel; /* index into SimulatedChannels */
} SimulatedPurchase;

extern const char *const SimulatedChannels[SIMULATED_CHANNELS];

/*
 * Customers 1..customers, first purchases from the day first to the day last
 * (UTC). Allocates some 60 bytes a customer and a day in the current context.
 */
extern Simulation *SimulationStart(int customers, int64 seed, DateADT first, DateADT last);

/* The next purchase in order of time; false after the last. */
extern bool SimulationNext(Simulation *simulation, SimulatedPurchase *purchase);

/* About how many purchases there will be. */
extern double SimulationSize(int customers, DateADT first, DateADT last);

#endif /* CRM_SIMULATION_H */
