module kubectl-reach/ipvs-guest

go 1.24
