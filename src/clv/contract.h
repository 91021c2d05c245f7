/*
 * clv/contract.h - the rates of a contract, checked: for lifetime value and for what
 * acquisition may cost.
 */
#ifndef CRM_CLV_CONTRACT_H
#define CRM_CLV_CONTRACT_H

/* 22023 unless from 0 to 1; the hint says how a percent is written. */
extern void CheckRetentionRate(double retention_rate);

/* 22023 unless above -1 and at most 1. */
extern void CheckDiscountRate(double discount_rate);

#endif /* CRM_CLV_CONTRACT_H */
