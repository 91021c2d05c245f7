/*
 * btyd_bg.h - likelihood of BG/NBD and MBG/NBD.
 */
#ifndef CRM_MATH_BTYD_BG_H
#define CRM_MATH_BTYD_BG_H

#include "math/btyd.h"

extern size_t CrmBgWork(const CrmSample *sample);
extern double CrmBgLikelihood(const CrmSample *sample, bool modified, const double *params,
							  double *work, const CrmHooks *hooks, double *gradient);

#endif
