/*
 * contract.h - lifetime value under a contract: a margin, a retention rate, a
 * discount rate.
 */
#ifndef CRM_MATH_CONTRACT_H
#define CRM_MATH_CONTRACT_H

extern double CrmRetentionSum(double retention_rate, double discount_rate, double periods);
extern double CrmRetentionSumForever(double retention_rate, double discount_rate);
extern double CrmRetentionPeriods(double retention_rate, double discount_rate, double target);
extern double CrmRetentionGain(double retention_rate, double discount_rate, double improvement);

#endif
