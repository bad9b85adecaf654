"""Analysis of CloudFormation templates from any source, without the constructs and without AWS.

This package needs the libraries of the extras. The constructs never import it and do not need those
libraries. This package is internal.
"""
