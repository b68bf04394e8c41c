namespace HomeMade;

public sealed class CalculatorTests
{
    public void Adds() => Check.Equal(5, 2 + 3);

    public async Task Multiplies()
    {
        // Long enough that processes which start together are at work together: a run ends when its last worker does.
        await Task.Delay(1500);
        Check.Equal(6, 2 * 3);
    }

    public void Divides() => Check.Equal(2, 5 / 3);

    public void Takes_roots() => throw new SkipException("not built yet");
}
