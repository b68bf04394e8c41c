using Microsoft.VisualStudio.TestTools.UnitTesting;

// Every test has folders, ports and servers of its own, and much of it is waiting. More than two would only wait for each other.
[assembly: Parallelize(Workers = 2, Scope = ExecutionScope.MethodLevel)]
