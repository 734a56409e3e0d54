% Solves every case of a MATPOWER folder with runpf and writes one row a case.
%
% octave-cli solve_all.m MATPOWER_FOLDER SOLUTIONS.CSV [FOLDER_FOR_RESULTS [CASE ...]]
%
% FOLDER_FOR_RESULTS gets the whole result struct of every case that converged, as <case>.mat (v7).

arguments = argv();
matpower = arguments{1};
for folder = {'lib', 'data', 'mips/lib', 'mp-opt-model/lib', 'mptest/lib'}
    addpath(fullfile(matpower, folder{1}));
end
define_constants;
% The looser tolerance is for cases whose smallest impedance leaves no better one in double precision.
tolerances = [1e-9 1e-6];
names = sort({dir(fullfile(matpower, 'data', 'case*.m')).name});
if numel(arguments) > 3
    names = strcat(arguments(4:end)', '.m')';
end

table = fopen(arguments{2}, 'w');
fprintf(table, ['case,buses,branches,generators,converged,tolerance,vm_min_pu,vm_max_pu,vm_mean_pu,' ...
    'va_min_degree,va_max_degree,va_mean_degree,p_generation_mw,q_generation_mvar,p_loss_mw\n']);
for k = 1:numel(names)
    name = names{k}(1:end-2);
    given = loadcase(name);
    for tolerance = tolerances
        results = runpf(given, mpoption('verbose', 0, 'out.all', 0, 'pf.tol', tolerance));
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
        if numel(arguments) > 2
            file = fullfile(arguments{3}, [name '.mat']);
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
