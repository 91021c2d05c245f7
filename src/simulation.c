/*
 * simulation.c - a simulated population of customers and their purchases.
 *
 * Every customer has a random generator of its own, started from the seed and
 * the customer's number, so that a customer's purchases do not depend on how
 * many others there are. Purchases come out in order of time: each customer
 * waits in a list of the day of its next purchase; the day at hand is a heap.
 * So a purchase costs one visit to its customer, whatever their number, and as
 * customers lie far apart in memory, each is fetched before it is needed.
 *
 * Times are days since the start of the first day, as double.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/memutils.h"

#include "math/elementary.h"
#include "math/random.h"
#include "simulation.h"

#if defined(__GNUC__)
#define Prefetch(address) __builtin_prefetch(address)
#else
#define Prefetch(address) ((void) 0)
#endif

typedef struct Customer
{
	double	  next;	 /* time of the next purchase */
	double	  end;	 /* when the customer leaves, or the simulation ends */
	double	  gap;	 /* mean days between purchases */
	double	  spend; /* mean amount of a purchase, divided by p */
	CrmRandom random;
	int32	  channel; /* the one preferred */
} Customer;

typedef struct Event
{
	double time;
	int32  customer; /* from 0 */
} Event;

/* A piece of a day's list of waiting customers; as long as a cache line */
#define PIECE_LENGTH 14
typedef struct Piece
{
	int32 previous; /* the piece before it, or of the free list; -1: none */
	int32 count;
	int32 customers[PIECE_LENGTH];
} Piece;

struct Simulation
{
	DateADT	  first;
	int		  days;
	int		  day; /* at hand; -1 before the first */
	Customer *customers;
	int32	 *waiting; /* for each day the last piece of its list, or -1 */
	Piece	 *pieces;
	int32	  free_piece; /* first of those given back, or -1 */
	int32	  piece_count;
	int32	  piece_size;
	Event	 *events; /* heap of the day at hand, the earliest at 0 */
	int		  event_count;
	int		  event_size;
};

const char *const SimulatedChannels[SIMULATED_CHANNELS] = {"store", "web", "app", "marketplace",
														   "phone"};

/* ---- customers ---- */

/*
 * The day of the first purchase: the number of new customers a day doubles from
 * the first day to the last, along a line, and varies with the month.
 */
static double
DrawArrival(CrmRandom *random, DateADT first, int days)
{
	static const double season[12] = {0.85, 0.9, 1.0, 1.0,	1.0, 0.95,
									  0.9,	0.9, 1.0, 1.05, 1.3, 1.4};
	double				time = 0.0;

	for (int i = 0; i < 100; i++)
	{
		int year;
		int month;
		int day;

		time = (sqrt(1.0 + 3.0 * CrmRandomUniform(random)) - 1.0) * days;
		j2date(first + (int) time + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		if (1.4 * CrmRandomUniform(random) < season[month - 1])
			break;
	}
	return time;
}

/* Frequent buyers are drawn to the app, those who leave early to the marketplace. */
static int
DrawPreferredChannel(CrmRandom *random, double purchase_rate, double leaving_rate)
{
	double loyal = purchase_rate / (purchase_rate + SIMULATED_R / SIMULATED_ALPHA);
	double leaving = leaving_rate / (leaving_rate + SIMULATED_S / SIMULATED_BETA);
	double weights[SIMULATED_CHANNELS] = {0.45 - 0.25 * loyal, 0.25, 0.05 + 0.35 * loyal,
										  0.08 + 0.22 * leaving, 0.07 - 0.04 * loyal};

	return CrmRandomChoice(random, weights, SIMULATED_CHANNELS);
}

static void
StartCustomer(Customer *customer, int64 seed, int64 number, DateADT first, int days)
{
	double purchase_rate;
	double leaving_rate;
	double end;

	customer->random = CrmRandomStart(seed, number);
	customer->next = DrawArrival(&customer->random, first, days);
	purchase_rate = CrmRandomGamma(&customer->random, SIMULATED_R) / SIMULATED_ALPHA;
	leaving_rate = CrmRandomGamma(&customer->random, SIMULATED_S) / SIMULATED_BETA;
	end = customer->next + 7.0 * CrmRandomExponential(&customer->random) / leaving_rate;
	customer->end = end < days ? end : days;
	customer->gap = 7.0 / purchase_rate;
	customer->spend = SIMULATED_GAMMA / CrmRandomErlang(&customer->random, SIMULATED_Q);
	customer->channel = DrawPreferredChannel(&customer->random, purchase_rate, leaving_rate);
}

/* ---- order of time ---- */

/* Ties, one in 2^40 or so, go by customer. */
static inline bool
IsEarlier(Event a, Event b)
{
	return a.time < b.time || (a.time == b.time && a.customer < b.customer);
}

static void
SiftDown(Simulation *simulation, int at)
{
	Event *events = simulation->events;
	Event  moved = events[at];

	for (;;)
	{
		int child = 2 * at + 1;

		if (child >= simulation->event_count)
			break;
		if (child + 1 < simulation->event_count && IsEarlier(events[child + 1], events[child]))
			child++;
		if (!IsEarlier(events[child], moved))
			break;
		events[at] = events[child];
		at = child;
	}
	events[at] = moved;
}

static void
GrowEvents(Simulation *simulation)
{
	simulation->event_size *= 2;
	simulation->events =
		repalloc_huge(simulation->events, simulation->event_size * sizeof(Event));
}

static int32
NewPiece(Simulation *simulation, int32 previous)
{
	int32 piece = simulation->free_piece;

	if (piece >= 0)
		simulation->free_piece = simulation->pieces[piece].previous;
	else
	{
		if (simulation->piece_count == simulation->piece_size)
		{
			simulation->piece_size *= 2;
			simulation->pieces =
				repalloc_huge(simulation->pieces, simulation->piece_size * sizeof(Piece));
		}
		piece = simulation->piece_count++;
	}
	simulation->pieces[piece].previous = previous;
	simulation->pieces[piece].count = 0;
	return piece;
}

/* Into the list of the day of the customer's next purchase, which is to come. */
static void
Wait(Simulation *simulation, int32 customer)
{
	int32 *last = &simulation->waiting[(int) simulation->customers[customer].next];
	Piece *piece;

	if (*last < 0 || simulation->pieces[*last].count == PIECE_LENGTH)
		*last = NewPiece(simulation, *last);
	piece = &simulation->pieces[*last];
	piece->customers[piece->count++] = customer;
}

/* Moves the list of the day to the events, in no order and without their times. */
static void
TakeList(Simulation *simulation, int day)
{
	int32 at = simulation->waiting[day];

	simulation->event_count = 0;
	while (at >= 0)
	{
		Piece *piece = &simulation->pieces[at];
		int32  previous = piece->previous;

		CHECK_FOR_INTERRUPTS();
		if (simulation->event_count + PIECE_LENGTH > simulation->event_size)
			GrowEvents(simulation);
		for (int i = 0; i < piece->count; i++)
			simulation->events[simulation->event_count++].customer = piece->customers[i];
		piece->previous = simulation->free_piece;
		simulation->free_piece = at;
		at = previous;
	}
}

/* The list of that day becomes the heap. */
static void
StartDay(Simulation *simulation, int day)
{
	const int ahead = 16;
	Event	 *events;
	int		  count;

	simulation->day = day;
	TakeList(simulation, day);
	events = simulation->events;
	count = simulation->event_count;
	for (int at = 0; at < count; at++)
	{
		if (at + ahead < count)
			Prefetch(&simulation->customers[events[at + ahead].customer]);
		events[at].time = simulation->customers[events[at].customer].next;
		if (at % 65536 == 65535)
			CHECK_FOR_INTERRUPTS();
	}
	for (int at = count / 2 - 1; at >= 0; at--)
	{
		SiftDown(simulation, at);
		if (at % 65536 == 65535)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Draws the purchase after the one at the top of the heap, which it leaves. */
static void
MoveOn(Simulation *simulation)
{
	Event	 *top = &simulation->events[0];
	Customer *customer = &simulation->customers[top->customer];

	customer->next += customer->gap * CrmRandomExponential(&customer->random);
	if (customer->next < simulation->day + 1.0 && customer->next < customer->end)
		top->time = customer->next; /* again today */
	else
	{
		if (customer->next < customer->end)
			Wait(simulation, top->customer);
		*top = simulation->events[--simulation->event_count];
	}
	if (simulation->event_count > 0)
		SiftDown(simulation, 0);
	for (int i = 0; i < 3 && i < simulation->event_count; i++) /* the next two are among them */
		Prefetch(&simulation->customers[simulation->events[i].customer]);
}

/* ---- purchases ---- */

/*
 * From the part of the day gone by to a second of 08:00 to 21:00 UTC: a clock
 * that runs the slower the more customers buy at that hour, order kept.
 */
static int
SecondOfDay(double part)
{
	static const int busy[13] = {4, 7, 10, 12, 11, 9, 9, 10, 12, 15, 16, 13, 8};
	double			 rest = part * 136; /* their sum */
	int				 hour = 0;

	while (hour < 12 && rest >= busy[hour])
		rest -= busy[hour++];
	rest = rest / busy[hour] * 3600.0;
	return (8 + hour) * 3600 + (rest < 3599.0 ? (int) rest : 3599);
}

/*
 * Products stand in 40 bands of price between 4 and 300, each 11 % above the
 * one before; the amount decides the band, and five products share it.
 */
static int
DrawProduct(CrmRandom *random, double amount)
{
	static const double popularity[5] = {0.4, 0.25, 0.17, 0.11, 0.07};
	double				level = CrmLog(amount / 4.0) * (40.0 / 4.31748811353631); /* ln 75 */
	int					band = level < 0.0 ? 0 : level < 39.0 ? (int) level : 39;
	int					index = band * 5 + CrmRandomChoice(random, popularity, 5);

	return (index * 77 + 13) % SIMULATED_PRODUCTS + 1; /* numbers do not tell prices */
}

static int
DrawChannel(CrmRandom *random, int preferred)
{
	static const double popularity[SIMULATED_CHANNELS] = {0.35, 0.3, 0.2, 0.1, 0.05};

	if (CrmRandomUniform(random) < 0.75)
		return preferred;
	return CrmRandomChoice(random, popularity, SIMULATED_CHANNELS);
}

static void
DrawPurchase(Simulation *simulation, SimulatedPurchase *purchase)
{
	Customer *customer = &simulation->customers[simulation->events[0].customer];
	double	  amount = customer->spend * CrmRandomErlang(&customer->random, SIMULATED_P);
	int64	  day = (int64) simulation->first + simulation->day;
	int64	  second = SecondOfDay(customer->next - simulation->day);

	purchase->customer = simulation->events[0].customer + 1;
	purchase->moment = day * USECS_PER_DAY + second * USECS_PER_SEC;
	purchase->cents = (int64) floor(amount * 100.0 + 0.5);
	purchase->cents = Max(purchase->cents, 1);
	purchase->product = DrawProduct(&customer->random, amount);
	purchase->channel = DrawChannel(&customer->random, customer->channel);
}

Simulation *
SimulationStart(int customers, int64 seed, DateADT first, DateADT last)
{
	Simulation *simulation = palloc(sizeof(Simulation));

	simulation->first = first;
	simulation->days = last - first + 1;
	simulation->day = -1;
	simulation->customers =
		palloc_extended(Max(customers, 1) * sizeof(Customer), MCXT_ALLOC_HUGE);
	simulation->free_piece = -1;
	simulation->piece_count = 0;
	simulation->piece_size = 1024;
	simulation->pieces = palloc(simulation->piece_size * sizeof(Piece));
	simulation->waiting = palloc(simulation->days * sizeof(int32));
	simulation->event_count = 0;
	simulation->event_size = 1024;
	simulation->events = palloc(simulation->event_size * sizeof(Event));
	for (int day = 0; day < simulation->days; day++)
		simulation->waiting[day] = -1;
	for (int i = 0; i < customers; i++)
	{
		StartCustomer(&simulation->customers[i], seed, (int64) i + 1, first, simulation->days);
		Wait(simulation, i);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return simulation;
}

bool
SimulationNext(Simulation *simulation, SimulatedPurchase *purchase)
{
	while (simulation->event_count == 0)
	{
		if (simulation->day + 1 >= simulation->days)
			return false;
		StartDay(simulation, simulation->day + 1);
	}
	DrawPurchase(simulation, purchase);
	MoveOn(simulation);
	return true;
}

/*
 * One first purchase each, and the repeat purchases that the Pareto/NBD expects
 * (Schmittlein et al. 1987, eq. 17) from an arrival to the end, averaged over
 * arrivals; the seasons are left out.
 */
double
SimulationSize(int customers, DateADT first, DateADT last)
{
	double weeks = (last - first + 1) / 7.0;
	double sum = 0.0;

	for (int i = 0; i < 16; i++)
	{
		double part = (i + 0.5) / 16.0;
		double left = weeks * (1.0 - part);
		double alive =
			1.0 - CrmPow(SIMULATED_BETA / (SIMULATED_BETA + left), SIMULATED_S - 1.0);

		sum += (1.0 + part) / 1.5 * alive / 16.0;
	}
	return customers *
		   (1.0 + sum * SIMULATED_R * SIMULATED_BETA / (SIMULATED_ALPHA * (SIMULATED_S - 1.0)));
}
