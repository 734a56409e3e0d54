function mpc = trap_bus_shunts
% Bus shunts: Gs draws, Bs injects.
mpc.version = '2';
mpc.baseMVA = 100;
%	bus_i	type	Pd	Qd	Gs	Bs	area	Vm	Va	baseKV	zone	Vmax	Vmin
mpc.bus = [
	10	3	0	0	0	0	1	1.02	5	110	1	1.1	0.9;
	20	1	30	10	1.5	12	1	1	0	110	1	1.1	0.9;
	30	1	12	4	0	-2	1	1	0	20	1	1.1	0.9;
	40	2	8	3	0	0	1	1	0	20	1	1.1	0.9;
];
%	bus	Pg	Qg	Qmax	Qmin	Vg	mBase	status	Pmax	Pmin
mpc.gen = [
	10	0	0	200	-200	1.02	100	1	200	0;
	40	5	0	20	-20	1.01	100	1	20	0;
];
%	fbus	tbus	r	x	b	rateA	rateB	rateC	ratio	angle	status	angmin	angmax
mpc.branch = [
	10	20	0.01	0.05	0.02	150	0	0	0	0	1	-360	360;
	10	20	0.012	0.06	0.02	150	0	0	0	0	1	-360	360;
	20	30	0.01	0.12	0	40	0	0	0.97	0	1	-360	360;
	30	40	0.02	0.04	0	40	0	0	0	0	1	-360	360;
];
