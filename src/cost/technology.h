/*
 * Technology scaling of digital energy and delay between nodes: E ~ L V^2 (capacitance follows length L), t ~
 * L. Supplies V are rows of constants.h. Memories off the chip and analog periphery are not scaled.
 */
#ifndef COST_TECHNOLOGY_H
#define COST_TECHNOLOGY_H

/* Energy at node `to` over energy at node `from`; metres. Nodes without a supply in the table give NAN. */
double technology_energy_ratio(double from, double to);

/* Clock at node `to` over clock at node `from`. */
double technology_clock_ratio(double from, double to);

#endif
