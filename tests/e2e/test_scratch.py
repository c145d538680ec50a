from tests.e2e.wire import Client
def test_x(venue):
    with Client(venue.port) as c:
        print(c.log_on())
        c.say("D","11=a|55=BTC/USD|54=1|38=1|40=2|44=100.00|59=1|60=20250101-00:00:00|")
        print(c.hear())
        print(c.synchronize())
        c.log_out()
    venue.terminate(); venue.start(); venue.kill()
    print(venue.stderr())
