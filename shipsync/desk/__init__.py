"""The desk where programs ask: the command line and the HTTP routes get the same answers from the same place.

records   what is answered, and what may be asked for
here      the desk of an application in this process: behind the routes, and behind a command that opened the file
there     the desk of the server that holds the database, over HTTP
"""
