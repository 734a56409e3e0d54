% Solves every case of a folder with MATPOWER's runpf and writes one row a case.
%
% octave-cli solve_all.m MATPOWER_FOLDER CASE_FOLDER SOLUTIONS.CSV [FOLDER_FOR_RESULTS]
%
% FOLDER_FOR_RESULTS gets the whole result struct of every case that converged, as <case>.mat (v7).

arguments = argv();
matpower = arguments{1};
for folder = {'lib', 'mips/lib', 'mp-opt-model/lib', 'mptest/lib'}
    addpath(fullfile(matpower, folder{1}));
end
cases = arguments{2};
addpath(cases);
define_constants;
% The looser tolerance is for cases whose smallest impedance leaves no better one in double precision.
tolerances = [1e-9 1e-6];
% The core of MATPOWER 7 and before: that of 8.1 finds the same voltages, but wrong reactive powers of generators that
% share a bus without a reactive range (101 Mvar too little at one bus of case3012wp, NaN in case6470rte).
options = mpoption('verbose', 0, 'out.all', 0, 'exp.use_legacy_core', 1);
names = sort({dir(fullfile(cases, '*.m')).name});
names = names(cellfun(@isempty, regexp(names, '^(contab|scenarios)')));  % change tables, no cases

table = fopen(arguments{3}, 'w');
fprintf(table, ['case,buses,branches,generators,converged,tolerance,vm_min_pu,vm_max_pu,vm_mean_pu,' ...
    'va_min_degree,va_max_degree,va_mean_degree,p_generation_mw,q_generation_mvar,p_loss_mw\n']);
for k = 1:numel(names)
    name = names{k}(1:end-2);
    given = loadcase(name);
    for tolerance = tolerances
        results = runpf(given, mpoption(options, 'pf.tol', tolerance));
        converged = results.success;
        if converged
            break;
        end
    end
    fprintf('%s: %d at %g\n', name, converged, tolerance);
    fprintf(table, '%s,%d,%d,%d,%d,%g', name, size(given.bus, 1), size(given.branch, 1), size(given.gen, 1), ...
        converged, tolerance);
    if converged
        live = results.bus(:, BUS_TYPE) ~= NONE;
        vm = results.bus(live, VM);
        va = results.bus(live, VA);
        on = results.gen(:, GEN_STATUS) > 0;
        fprintf(table, ',%.12g', min(vm), max(vm), mean(vm), min(va), max(va), mean(va), ...
            sum(results.gen(on, PG)), sum(results.gen(on, QG)), sum(results.branch(:, PF) + results.branch(:, PT)));
        if numel(arguments) > 3
            file = fullfile(arguments{4}, [name '.mat']);
            results = struct('version', '2', 'baseMVA', results.baseMVA, 'bus', results.bus, 'gen', results.gen, ...
                'branch', results.branch, 'success', results.success);
            save('-v7', file, 'results');
        end
    else
        fprintf(table, ',,,,,,,,,');
    end
    fprintf(table, '\n');
    fflush(table);
end
fclose(table);
