function mpc = trap_units_in_code
% Ohm and kW in the tables, converted by code at the end.
mpc.version = '2';
mpc.baseMVA = 100;
%	bus_i	type	Pd	Qd	Gs	Bs	area	Vm	Va	baseKV	zone	Vmax	Vmin
mpc.bus = [
	10	3	0	0	0	0	1	1.02	5	110	1	1.1	0.9;
	20	1	30000	10000	0	0	1	1	0	110	1	1.1	0.9;
	30	1	12000	4000	0	0	1	1	0	110	1	1.1	0.9;
	40	2	8000	3000	0	0	1	1	0	110	1	1.1	0.9;
];
%	bus	Pg	Qg	Qmax	Qmin	Vg	mBase	status	Pmax	Pmin
mpc.gen = [
	10	0	0	200	-200	1.02	100	1	200	0;
	40	5	0	20	-20	1.01	100	1	20	0;
];
%	fbus	tbus	r	x	b	rateA	rateB	rateC	ratio	angle	status	angmin	angmax
mpc.branch = [
	10	20	1.21	6.05	0.02	150	0	0	0	0	1	-360	360;
	10	20	1.452	7.26	0.02	150	0	0	0	0	1	-360	360;
	20	30	1.21	14.52	0	40	0	0	0.97	0	1	-360	360;
	30	40	2.42	4.84	0	40	0	0	0	0	1	-360	360;
];

[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, ...
    VA, BASE_KV] = idx_bus;
[F_BUS, T_BUS, BR_R, BR_X] = idx_brch;
Vbase = mpc.bus(1, BASE_KV) * 1e3;      %% in Volts
Sbase = mpc.baseMVA * 1e6;              %% in VA
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;
